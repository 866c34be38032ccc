internal import Agent
internal import JSON
internal import Model
internal import Slots

/// A command that asks the running agent, and tells what it answers.
struct LocalQuestion {
    let device: DeviceFile
    let wantsJSON: Bool

    /// The running agent's status; without one, what the device's files say.
    func status() throws(CommandError) {
        let answer = try ask(.status, orNone: true)
        let json: JSONObject
        if let answer {
            json = answer.members
        } else {
            json = try StatusReport(device).json
        }
        if wantsJSON { return Console.answer(JSONValue.object(json).prettyText) }
        do throws(JSONShapeError) {
            for line in try StatusText.lines(JSONFields(.object(json))) { Console.answer(line) }
        } catch { throw .refused("the agent answers in a foreign way: \(error)") }
    }

    /// Has the running agent do something, and tells its answer.
    func order(_ request: ControlRequest) throws(CommandError) {
        guard let answer = try ask(request) else { throw .noAgent(state: device.statePath) }
        try tell(answer)
    }

    /// Without an agent, the file alone: one that starts in this boot finds it.
    func confirm() throws(CommandError) {
        if let answer = try ask(.confirm) { return try tell(answer) }
        let boot = try StatusReport(device).boot
        guard boot.booted != boot.confirmed else { throw .refused(Confirmation.nothing) }
        do {
            try ManualConfirmation(path: device.confirmedPath).give(for: boot.bootID)
        } catch { throw .device(error) }
        if !wantsJSON { Console.answer(Confirmation.done) }
    }

    /// What the agent has said; without one, what it has left in its file.
    func logs(_ count: Int) throws(CommandError) {
        var lines = AgentLog.tail(of: device.logPath)
        if let answer = try ask(.logs(lines: count), orNone: true) {
            do throws(JSONShapeError) { lines = try answer.strings("lines") } catch {
                throw .refused("the agent answers in a foreign way: \(error)")
            }
        }
        lines = Array(lines.suffix(count))
        if wantsJSON {
            let array = JSONValue.array(lines.map { .string($0) })
            return Console.answer(JSONValue.object(["lines": array]).prettyText)
        }
        for line in lines { Console.answer(line) }
    }

    private func tell(_ answer: JSONFields) throws(CommandError) {
        if wantsJSON { return Console.answer(JSONValue.object(answer.members).prettyText) }
        do throws(JSONShapeError) { Console.answer(try answer.string("say")) } catch {
            throw .refused("the agent answers in a foreign way: \(error)")
        }
    }

    /// One line there and one back; `nil` when no agent runs.
    ///
    /// - Parameter isOptional: Whether an agent that must not be asked is as good as none.
    private func ask(
        _ request: ControlRequest, orNone isOptional: Bool = false
    ) throws(CommandError) -> JSONFields? {
        let line: [UInt8]?
        do throws(SlotError) {
            guard let connection = try ControlConnection(to: device.controlPath) else {
                return nil
            }
            try connection.send(request.line)
            line = try connection.receive()
        } catch {
            if isOptional { return nil }
            throw .device(error)
        }
        guard let line else { return nil }
        return try read(line)
    }

    private func read(_ line: [UInt8]) throws(CommandError) -> JSONFields {
        let answer: JSONFields
        let isDone: Bool
        let problem: String
        let code: String?
        do {
            answer = try JSONFields(
                JSONValue(parsing: line, limits: .standard(bytes: 1_048_576)))
            isDone = try answer.bool("ok")
            problem = try answer.optionalString("error") ?? ""
            code = try answer.optionalString("code")
        } catch { throw .refused("the agent answers in a foreign way: \(error)") }
        if isDone { return answer }
        guard code == ControlAnswer.Code.notPermitted.rawValue else { throw .refused(problem) }
        throw .notPermitted(problem)
    }
}

extension JSONFields {
    fileprivate func strings(_ name: String) throws(JSONShapeError) -> [String] {
        var strings: [String] = []
        for element in try array(name, maximumCount: Int(ControlRequest.maximumLines)) {
            if case .string(let text) = element.value { strings.append(text.text) }
        }
        return strings
    }
}
