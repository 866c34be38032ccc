extension SimulationReport {
    /// The report as plain text, one line for each fact.
    public var table: String {
        var lines = [
            "rollout \(title): \(candidateCount) devices, \(runCount) runs",
            "completed  \(finishes.count)",
            "stopped    \(stoppedCount) (\(FigureText.percent(stopShare)))",
            "expired    \(expiredCount)",
            "finish     \(Self.quantiles(of: finishes))",
            "harmed     mean \(FigureText.write(meanHarmed))  p90 "
                + "\(Quantile.of(harmed, 0.9) ?? 0)  max \(harmed.last ?? 0)",
        ]
        lines += strata.prefix(Self.maximumPausedCount).map {
            "paused     \($0.stratum): \(runs($0))"
        }
        let rest = strata.count - Self.maximumPausedCount
        if rest > 0 { lines.append("paused     and \(rest) more") }
        lines += ["", FigureText.row(["WAVE", "STOPPED", "PASSED AFTER"])]
        lines += waves.map { wave in
            FigureText.row([wave.name, "\(wave.stoppedCount)", Self.quantiles(of: wave.passes)])
        }
        guard !faults.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["", FigureText.row(["FAILURE RATE", "FALSE STOP", "MISSED", "STOPPED BY WAVE"])]
        lines += faults.map { fault in
            FigureText.row([
                FigureText.percent(fault.failureRate),
                fault.falseStops.map(FigureText.percent) ?? "-",
                fault.missedFaults.map(FigureText.percent) ?? "-",
                fault.stoppedInWave.map(String.init).joined(separator: " "),
            ])
        }
        return lines.joined(separator: "\n")
    }

    /// How many strata have a line.
    private static let maximumPausedCount = 10

    /// Such as `47 (94%)`.
    private func runs(_ finding: PausedFinding) -> String {
        let share = Double(finding.runCount) / Double(runCount)
        return "\(finding.runCount) (\(FigureText.percent(share)))"
    }

    private static func quantiles(of sorted: [Duration]) -> String {
        guard let first = Quantile.of(sorted, 0.1), let middle = Quantile.of(sorted, 0.5),
            let last = Quantile.of(sorted, 0.9)
        else { return "never" }
        return "p10 \(FigureText.write(first))  p50 \(FigureText.write(middle))  "
            + "p90 \(FigureText.write(last))"
    }
}

/// How figures of a report are written.
enum FigureText {
    /// With one decimal.
    static func write(_ value: Double) -> String {
        let tenths = Int(min(value, 1e15) * 10 + 0.5)
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// With two decimals where they are needed to tell small shares from none.
    static func percent(_ share: Double) -> String {
        let hundredths = Int(share * 10_000 + 0.5)
        let rest = hundredths % 100
        let decimals = rest == 0 ? "" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        return "\(hundredths / 100)\(decimals)%"
    }

    /// Days, hours and minutes, such as `1d 02h 30m`; seconds are dropped.
    static func write(_ duration: Duration) -> String {
        let minutes = duration.components.seconds / 60
        let hours = minutes / 60
        let clock = "\(two(hours % 24))h \(two(minutes % 60))m"
        return hours < 24 ? clock : "\(hours / 24)d \(clock)"
    }

    /// Cells of equal width, but for the last.
    static func row(_ cells: [String]) -> String {
        let padded = cells.dropLast().map { cell in
            cell + String(repeating: " ", count: max(2, 16 - cell.count))
        }
        return padded.joined() + (cells.last ?? "")
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
