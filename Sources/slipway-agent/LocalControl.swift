internal import Agent
internal import JSON
internal import Model
internal import Slots

/// What people and programs at the device have of the running agent: a socket, a log, and what the
/// service manager is told.
///
/// All of it runs on the agent's own thread, but for the socket, which reads what is published here.
final class LocalControl {
    private let device: DeviceFile
    private let mailbox = ControlMailbox()
    private let log: AgentLog
    let notifier = ServiceNotifier.ofEnvironment()
    private let clock = SystemClock()
    private var socket: ControlSocket?
    private weak var agent: UpdateAgent?
    private var publishedAt = Duration.zero
    /// How the check-in whose answer the agent works on is called in the server's log.
    private var requestID: String?

    init(_ device: DeviceFile) {
        self.device = device
        log = AgentLog(device.logPath)
        mailbox.catchStopSignals()
    }

    /// Says one line on standard error, where a service manager collects it, and in the agent's log.
    ///
    /// What others have said may be in it, so it stays one line.
    func note(_ text: String) {
        let text = DetailText.of(text)
        Console.note("slipway-agent: \(text)")
        log.append("\(clock.now) \(text)")
    }

    /// What the check-in that is sent now brings about is logged with its name.
    ///
    /// The name of one that brings about nothing is not: an idle device would write to its flash
    /// for ever.
    func willCheckIn(as id: String) { requestID = id }

    /// Begins to answer; what the agent is asked for from now on, it does between its steps.
    func start(_ agent: UpdateAgent) {
        self.agent = agent
        publish(isNews: false)
        let answers = LocalAnswers(
            mailbox: mailbox, log: log.ring, confirmedPath: device.confirmedPath)
        do {
            socket = try ControlSocket(
                at: device.controlPath, group: device.controlGroup, mailbox: mailbox
            ) { answers.reply(to: $0, from: $1) }
        } catch {
            // Updates do not hang on it.
            note("nobody can be answered: \(error)")
        }
        notifier.ready()
        notifier.status("phase \(agent.state.phase.word)")
    }

    func stop() {
        notifier.stopping()
        socket = nil
    }

    // MARK: Between the agent's steps

    var isStopping: Bool { StopSignal.isRequested }

    /// Whether the agent is to put aside a long transfer; asked for each piece of one.
    func isCalled() -> Bool {
        notifier.beat()
        if clock.uptime - publishedAt >= .seconds(1) { publish(isNews: false) }
        return mailbox.isCalled
    }

    /// Carries out what somebody has asked for since the last step.
    func serve() {
        notifier.beat()
        requestID = nil
        while let agent, let command = mailbox.nextCommand() {
            let answer = carryOut(command.line, agent)
            publish(isNews: false)
            mailbox.answer(command, with: answer)
        }
        publish(isNews: false)
    }

    /// Pauses until something happens that the agent should see to, at most so long.
    func pause(atMost duration: Duration) {
        let end = clock.uptime + duration
        while !isStopping {
            let state = agent?.state
            serve()
            let left = end - clock.uptime
            guard agent?.state == state, !mailbox.takeWish(), left > .zero else { return }
            mailbox.wait(atMost: min(left, notifier.longestPause ?? left))
        }
    }

    private func carryOut(_ line: [UInt8], _ agent: UpdateAgent) -> [UInt8] {
        do {
            let sentence = try carryOut(ControlRequest(parsing: line), agent)
            note("by hand: \(sentence)")
            return ControlAnswer.done(sentence)
        } catch {
            note("by hand: refused: \(error)")
            return ControlAnswer.no(.refused, "\(error)")
        }
    }

    private func carryOut(
        _ request: ControlRequest, _ agent: UpdateAgent
    ) throws(CommandRefusal) -> String {
        switch request {
        case .install(let path):
            try agent.install(bundle: path)
            return "the update in \(path) begins"
        case .rollBack:
            try agent.rollBack()
            if case .rollingBack = agent.state.phase {
                return "the machine goes back to the image before"
            }
            return "the update is dropped"
        case .deferRestart(.until(let moment)): return try put(off: moment, agent)
        case .deferRestart(.seconds(let seconds)):
            return try put(off: clock.now.advanced(by: .seconds(seconds)), agent)
        // The socket's thread answers these.
        case .status, .watch, .checkNow, .confirm, .logs: return "nothing is to be done"
        }
    }

    private func put(off moment: Instant, _ agent: UpdateAgent) throws(CommandRefusal) -> String {
        let until = try agent.deferRestart(until: moment)
        guard agent.state.deferredUntil != nil else { return "the restart is put off no longer" }
        let sentence = "the restart is put off until \(until)"
        return until < moment ? "\(sentence); the rollout allows no more" : sentence
    }

    private func publish(isNews: Bool) {
        guard let agent else { return }
        publishedAt = clock.uptime
        let status = StatusReport(device, agent).json.setting("running", to: true)
        mailbox.publish(ControlAnswer.line(status.setting("ok", to: true)), isNews: isNews)
    }
}

extension LocalControl: AgentObserver {
    func observe(_ event: AgentNotice) {
        let origin = event.comesOfCheckIns ? requestID.map { " (request \($0))" } ?? "" : ""
        note(event.sentence + origin)
        guard case .phase = event else { return }
        notifier.status(event.sentence)
        publish(isNews: true)
    }
}

extension AgentNotice {
    /// Whether it may be what came of a check-in.
    fileprivate var comesOfCheckIns: Bool {
        switch self {
        case .phase, .checkInFailed, .untrusted: true
        case .resumed, .waiting, .slow, .trouble: false
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .phase(let word): "phase \(word)"
        case .resumed(let offset): "download resumes at byte \(offset)"
        case .checkInFailed(let reason): reason
        case .untrusted(let reason): "not trusted: \(reason)"
        case .waiting(let reason): "waiting: \(reason)"
        case .slow(let reason): "interrupted: \(reason)"
        case .trouble(let reason): reason
        }
    }
}
