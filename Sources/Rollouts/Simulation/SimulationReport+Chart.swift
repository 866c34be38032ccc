extension SimulationReport {
    /// The report as an SVG image: two small charts of how many runs finished when, and harmed whom.
    ///
    /// It needs no style sheet, no script and no font, and says the same in words to those who
    /// cannot see it.
    public var svg: String {
        let finish = BarChart(
            title: "Time to finish", horizontal: "hours after the start", vertical: "runs",
            values: finishes.map { Double($0.components.seconds) / 3600 })
        let harm = BarChart(
            title: "Harmed devices", horizontal: "devices", vertical: "runs",
            values: harmed.map(Double.init))
        let heading = "Simulated rollout \(MarkupText.escaped(title))"
        let width = 2 * BarChart.width
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(BarChart.height + 40)" \
            role="img" aria-labelledby="title description" font-family="sans-serif">
            <title id="title">\(heading)</title>
            <desc id="description">\(MarkupText.escaped(summary))</desc>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="20" y="26" font-size="16" fill="#1a1a1a">\(heading)</text>
            <g transform="translate(0 40)">
            \(finish.markup)
            </g>
            <g transform="translate(\(BarChart.width) 40)">
            \(harm.markup)
            </g>
            </svg>

            """
    }

    /// What both charts show, in a few sentences.
    public var summary: String {
        let times = [0.1, 0.5, 0.9].compactMap { Quantile.of(finishes, $0) }.map(FigureText.write)
        let finish =
            times.isEmpty
            ? "No run completed."
            : "Of these, 10, 50 and 90 % took at most "
                + times.joined(separator: ", ") + "."
        return "\(finishes.count) of \(runCount) runs completed, \(stoppedCount) were stopped. "
            + finish + " Harmed devices: \(FigureText.write(meanHarmed)) on average, at most "
            + "\(harmed.last ?? 0)." + pauses
    }

    /// A sentence on the strata that were paused most often; empty where none was.
    private var pauses: String {
        guard !strata.isEmpty else { return "" }
        let named = strata.prefix(Self.maximumNamedCount)
            .map { "\($0.stratum) in \($0.runCount)" }
        let rest = strata.count - named.count
        return " Paused: " + named.joined(separator: ", ")
            + (rest > 0 ? " and \(rest) more." : ".")
    }

    /// How many strata the sentence names.
    private static let maximumNamedCount = 3
}

/// How often values fall into each of a few equal parts of their range.
struct BarChart {
    let title: String
    let horizontal: String
    let vertical: String
    let values: [Double]

    static let width = 360
    static let height = 240
    private static let barCount = 12
    /// Where the bars stand.
    private static let (left, top, right, bottom) = (50, 34, 346, 186)

    private var lowest: Double { values.min() ?? 0 }
    private var highest: Double { values.max() ?? 0 }

    /// How many values each bar stands for.
    var counts: [Int] {
        var counts = Array(repeating: 0, count: Self.barCount)
        let range = highest - lowest
        for value in values {
            let part = range > 0 ? (value - lowest) / range : 0
            counts[min(Self.barCount - 1, Int(part * Double(Self.barCount)))] += 1
        }
        return counts
    }

    var markup: String {
        let most = max(1, counts.max() ?? 0)
        let step = (Self.right - Self.left) / Self.barCount
        let bars = counts.enumerated().filter { $0.element > 0 }.map { number, count in
            let height = max(1, (Self.bottom - Self.top) * count / most)
            return "<rect x=\"\(Self.left + number * step + 1)\" y=\"\(Self.bottom - height)\" "
                + "width=\"\(step - 2)\" height=\"\(height)\" fill=\"#2f6f9f\">"
                + "<title>\(count) \(vertical)</title></rect>"
        }
        let middle = (Self.left + Self.right) / 2
        let half = (Self.top + Self.bottom) / 2
        let axes = [
            "<path d=\"M\(Self.left) \(Self.top)V\(Self.bottom)H\(Self.right)\" fill=\"none\" "
                + "stroke=\"#555555\"/>",
            text(title, Self.left, 20, "start", size: 13),
            text("\(most)", Self.left - 6, Self.top + 8, "end"),
            text("0", Self.left - 6, Self.bottom, "end"),
            text(FigureText.write(lowest), Self.left, Self.bottom + 16, "start"),
            text(FigureText.write(highest), Self.right, Self.bottom + 16, "end"),
            text(horizontal, middle, Self.bottom + 34, "middle"),
            text(vertical, 16, half, "middle", rotation: " transform=\"rotate(-90 16 \(half))\""),
        ]
        return (axes + bars).joined(separator: "\n")
    }

    private func text(
        _ text: String, _ x: Int, _ y: Int, _ anchor: String, size: Int = 11, rotation: String = ""
    ) -> String {
        "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-size=\"\(size)\" "
            + "fill=\"#1a1a1a\"\(rotation)>\(MarkupText.escaped(text))</text>"
    }
}

/// Text inside XML.
enum MarkupText {
    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }
}
