internal import Model

extension RolloutFileCheck {
    static let checkCount = 0...8
    private static let queryByteCount = 1...4096
    private static let intervals = Duration.seconds(5)...Duration.seconds(3600)
    private static let timeouts = Duration.seconds(1)...Duration.seconds(60)

    func checks() throws(RolloutFileError) -> [OutsideCheck] {
        let written = file.gate.checks
        _ = try Self.number(written.count, Self.checkCount, "gate.checks")
        var checks: [OutsideCheck] = []
        for (index, check) in written.enumerated() {
            let path = "gate.checks[\(index)]"
            checks.append(
                OutsideCheck(
                    name: try Self.checkName(check.name, after: checks, "\(path).name"),
                    question: try Self.question(of: check, path),
                    interval: try Self.duration(
                        check.every ?? "30s", Self.intervals, "\(path).every",
                        OutsideCheckError.interval),
                    timeout: try Self.duration(
                        check.timeout ?? "10s", Self.timeouts, "\(path).timeout",
                        OutsideCheckError.timeout)))
        }
        return checks
    }

    private static func checkName(
        _ text: String, after checks: [OutsideCheck], _ path: String
    ) throws(RolloutFileError) -> CheckName {
        guard let name = CheckName(text) else { throw malformed(path, .name, text) }
        guard !checks.contains(where: { $0.name == name }) else {
            throw RolloutFileError(path: path, problem: .repeated(text))
        }
        return name
    }

    private static func question(
        of check: RolloutFile.Check, _ path: String
    ) throws(RolloutFileError) -> OutsideCheck.Question {
        guard check.pass == nil || check.prometheus != nil else {
            throw refused("\(path).pass", .passWithoutQuery)
        }
        switch (check.prometheus, check.webhook, check.command) {
        case (let query?, nil, nil): return try self.query(query, pass: check.pass, path)
        case (nil, let text?, nil):
            guard let address = OutsideAddress(text) else {
                throw refused("\(path).webhook", .address(found: text))
            }
            return .webHook(address)
        case (nil, nil, let text?):
            guard let command = CommandName(text) else {
                throw malformed("\(path).command", .name, text)
            }
            return .command(command)
        case (let query, let webhook, let command):
            let named = [
                query.map { _ in "prometheus" }, webhook.map { _ in "webhook" },
                command.map { _ in "command" },
            ]
            throw refused(path, .notOneQuestion(named.compactMap { $0 }))
        }
    }

    private static func query(
        _ query: String, pass: String?, _ path: String
    ) throws(RolloutFileError) -> OutsideCheck.Question {
        guard queryByteCount.contains(query.utf8.count) else {
            throw refused("\(path).prometheus", .query(byteCount: query.utf8.count))
        }
        guard let pass else { throw refused(path, .passMissing) }
        guard let condition = PassCondition(pass) else {
            throw refused("\(path).pass", .pass(found: pass))
        }
        return .prometheus(query: query, pass: condition)
    }

    private static func duration(
        _ text: String, _ allowed: ClosedRange<Duration>, _ path: String,
        _ error: (String) -> OutsideCheckError
    ) throws(RolloutFileError) -> Duration {
        guard let duration = DurationText.parse(text), allowed.contains(duration) else {
            throw refused(path, error(text))
        }
        return duration
    }

    private static func refused(_ path: String, _ error: OutsideCheckError) -> RolloutFileError {
        RolloutFileError(path: path, problem: .check(error))
    }
}
