internal import Model

extension RolloutFileCheck {
    /// Each wave by itself, then whether they grow.
    func waves() throws(RolloutFileError) -> [WaveSpec] {
        _ = try Self.number(file.waves.count, Self.waveCount, "waves")
        var waves: [WaveSpec] = []
        for (index, written) in file.waves.enumerated() {
            let path = "waves[\(index)]"
            let wave = WaveSpec(
                name: try Self.waveName(written.name, after: waves, path),
                target: try Self.target(of: written, path),
                soak: try Self.duration(written.soak ?? "0s", atLeast: .zero, "\(path).soak"),
                needsApproval: try Self.needsApproval(written.approval, "\(path).approval"))
            try Self.checkGrowth(of: wave, after: waves.last, path)
            waves.append(wave)
        }
        return waves
    }

    private static func waveName(
        _ name: String, after waves: [WaveSpec], _ path: String
    ) throws(RolloutFileError) -> String {
        guard (1...64).contains(name.utf8.count),
            !name.utf8.contains(where: { $0 < 32 || $0 == 127 })
        else { throw malformed("\(path).name", .waveName, name) }
        // Names that only a computer can tell apart are the same, as Swift's comparison has it.
        guard !waves.contains(where: { $0.name == name }) else {
            throw RolloutFileError(path: "\(path).name", problem: .repeated(name))
        }
        return name
    }

    private static func needsApproval(
        _ word: String?, _ path: String
    ) throws(RolloutFileError) -> Bool {
        switch word {
        case nil, "none": return false
        case "required": return true
        case let word?:
            throw RolloutFileError(
                path: path, problem: .unknownWord(found: word, known: ["required", "none"]))
        }
    }

    private static func target(
        of wave: RolloutFile.Wave, _ path: String
    ) throws(RolloutFileError) -> WaveSpec.Target {
        switch (wave.sample, wave.percent) {
        case (let count?, nil):
            return .sample(
                count: try number(count, sampleCount, "\(path).sample"),
                strata: try strata(wave.strata, "\(path).strata"))
        case (nil, let text?):
            guard wave.strata.isEmpty else {
                throw RolloutFileError(path: "\(path).strata", problem: .strataWithoutSample)
            }
            guard let percentage = Percentage(text) else {
                throw malformed("\(path).percent", .percentage, text)
            }
            return .percent(percentage)
        case (nil, nil), (_?, _?):
            throw RolloutFileError(
                path: path, problem: .notOneTarget(sample: wave.sample, percent: wave.percent))
        }
    }

    private static func strata(
        _ names: [String], _ path: String
    ) throws(RolloutFileError) -> [String] {
        _ = try number(names.count, strataCount, path)
        for (index, name) in names.enumerated() {
            guard Attributes.isName(name) else {
                throw malformed("\(path)[\(index)]", .attributeName, name)
            }
            guard !names[..<index].contains(name) else {
                throw RolloutFileError(path: "\(path)[\(index)]", problem: .repeated(name))
            }
        }
        return names
    }

    /// Each wave reaches further than the one before it, so also than all before that.
    private static func checkGrowth(
        of wave: WaveSpec, after earlier: WaveSpec?, _ path: String
    ) throws(RolloutFileError) {
        guard let earlier else { return }
        switch (earlier.target, wave.target) {
        case (.sample, .percent): return
        case (.percent(let before), .sample):
            throw RolloutFileError(
                path: "\(path).sample", problem: .sampleAfterPercent(earlier: "\(before)"))
        case (.sample(let before, _), .sample(let now, _)):
            guard before < now else {
                throw shrinking("\(path).sample", "\(before) devices", "\(now) devices")
            }
        case (.percent(let before), .percent(let now)):
            guard before < now else { throw shrinking("\(path).percent", "\(before)", "\(now)") }
        }
    }

    private static func shrinking(
        _ path: String, _ earlier: String, _ later: String
    ) -> RolloutFileError {
        RolloutFileError(path: path, problem: .wavesShrink(earlier: earlier, later: later))
    }
}
