internal import Agent
internal import Slots

/// The device's daemon and what one can ask of it.
@main enum SlipwayAgent {
    static func main() {
        guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
            Console.note(Arguments.usage)
            Console.exit(64)
        }
        do throws(CommandError) { try carryOut(arguments) } catch {
            Console.note("slipway-agent: \(error)")
            if case .run = arguments.command { endLostTrial(error) }
            Console.exit(error.exitCode)
        }
    }

    /// Whoever starts the agent again and again does so in vain, when the new image is what is broken.
    private static func endLostTrial(_ error: CommandError) {
        switch error {
        case .configuration, .device, .state, .agent:
            guard LostTrial.isOver(atUptime: SystemClock().uptime) else { return }
            Console.note("slipway-agent: no agent works in this trial: the machine goes back")
            LostTrial.restartMachine()
        case .anotherAgent, .noAgent, .refused, .notPermitted: return
        }
    }

    private static func carryOut(_ arguments: Arguments) throws(CommandError) {
        if arguments.command == .help {
            return Console.answer(Arguments.usage)
        }
        let device = try DeviceFile(reading: arguments.configuration)
        let question = LocalQuestion(device: device, wantsJSON: arguments.wantsJSON)
        switch arguments.command {
        case .help: return
        case .run: try Daemon(device).run()
        case .status: try question.status()
        case .checkNow: try question.order(.checkNow)
        case .confirm: try question.confirm()
        case .rollBack: try question.order(.rollBack)
        case .deferRestart(let seconds): try question.order(.deferRestart(.seconds(seconds)))
        case .install(let path): try question.order(.install(path: Console.absolute(path)))
        case .logs(let lines): try question.logs(lines)
        case .repairBoot: try BootRepair(device).run()
        }
    }
}

/// Why a command could not be carried out.
enum CommandError: Error, CustomStringConvertible {
    case configuration(path: String, problem: String)
    case device(SlotError)
    case state(StateError)
    case agent(AgentError)
    case anotherAgent(lock: String)
    case noAgent(state: String)
    /// The running agent says no, and why.
    case refused(String)
    case notPermitted(String)

    var description: String {
        switch self {
        case .configuration(let path, let problem): "\(path): \(problem)"
        case .device(let error): "\(error)"
        case .state(let error): "\(error)"
        case .agent(let error): "\(error)"
        case .anotherAgent(let lock): "another agent works on this device: it holds \(lock)"
        case .noAgent(let state): "no agent runs for \(state)"
        case .refused(let reason), .notPermitted(let reason): reason
        }
    }

    var exitCode: Int32 {
        switch self {
        case .noAgent, .refused: 1
        case .configuration: 65
        case .device, .state, .agent: 73
        case .anotherAgent: 75
        case .notPermitted: 77
        }
    }
}
