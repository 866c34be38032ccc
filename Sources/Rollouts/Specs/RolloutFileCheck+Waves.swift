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
                target: try Self.target(of: written, path, cohorts),
                soak: try Self.duration(written.soak ?? "0s", atLeast: .zero, "\(path).soak"),
                needsApproval: try Self.needsApproval(written.approval, "\(path).approval"),
                rate: try Self.rate(written.rate, "\(path).rate"))
            try Self.checkGrowth(of: wave, after: waves, path)
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
        of wave: RolloutFile.Wave, _ path: String, _ cohorts: CohortSource
    ) throws(RolloutFileError) -> WaveSpec.Target {
        let named = [
            wave.sample.map { _ in "sample" }, wave.percent.map { _ in "percent" },
            wave.count.map { _ in "count" }, wave.devices.map { _ in "devices" },
            wave.list.isEmpty ? nil : "list",
        ].compactMap { $0 }
        guard named.count == 1 else {
            throw RolloutFileError(path: path, problem: .notOneTarget(named))
        }
        guard wave.strata.isEmpty || wave.sample != nil else {
            throw RolloutFileError(path: "\(path).strata", problem: .strataWithoutSample)
        }
        if let count = wave.sample {
            return .sample(
                count: try number(count, sampleCount, "\(path).sample"),
                strata: try strata(wave.strata, "\(path).strata"))
        }
        if let count = wave.count {
            return .sample(count: try number(count, sampleCount, "\(path).count"), strata: [])
        }
        if let text = wave.percent {
            guard let percentage = Percentage(text) else {
                throw malformed("\(path).percent", .percentage, text)
            }
            return .percent(percentage)
        }
        if let text = wave.devices {
            do { return .devices(try Selector(text, cohorts: cohorts)) } catch {
                throw RolloutFileError(path: "\(path).devices", problem: .selector(error))
            }
        }
        return .list(try list(wave.list, "\(path).list"))
    }

    private static func list(
        _ names: [String], _ path: String
    ) throws(RolloutFileError) -> [DeviceID] {
        _ = try number(names.count, sampleCount, path)
        var devices: Set<DeviceID> = []
        for (index, name) in names.enumerated() {
            guard let device = DeviceID(name) else {
                throw malformed("\(path)[\(index)]", .name, name)
            }
            guard devices.insert(device).inserted else {
                throw RolloutFileError(path: "\(path)[\(index)]", problem: .repeated(name))
            }
        }
        return devices.sorted()
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

    /// A sample holds all smaller samples and a percentage all smaller ones, so each has to be larger
    /// than the last of its kind; samples come before everything else, which may reach them.
    private static func checkGrowth(
        of wave: WaveSpec, after earlier: [WaveSpec], _ path: String
    ) throws(RolloutFileError) {
        switch wave.target {
        case .devices, .list: return
        case .sample(let now, _):
            if let other = earlier.first(where: { !$0.isSample }) {
                throw RolloutFileError(
                    path: "\(path).sample", problem: .sampleAfterOther(wave: other.name))
            }
            guard case .sample(let before, _)? = earlier.last?.target, before >= now else { return }
            throw shrinking("\(path).sample", "\(before) devices", "\(now) devices")
        case .percent(let now):
            for other in earlier {
                guard case .percent(let before) = other.target, before >= now else { continue }
                throw shrinking("\(path).percent", "\(before)", "\(now)")
            }
        }
    }

    private static func shrinking(
        _ path: String, _ earlier: String, _ later: String
    ) -> RolloutFileError {
        RolloutFileError(path: path, problem: .wavesShrink(earlier: earlier, later: later))
    }
}
