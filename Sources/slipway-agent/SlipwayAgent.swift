internal import Agent
internal import Slots

/// The device's daemon and the questions one can ask it.
@main enum SlipwayAgent {
    static let usage = """
        usage: slipway-agent COMMAND --config FILE [--json]

          run         work as the device's update agent until the machine goes down
          status      tell what is booted and how far an update is; --json for programs
          check-now   wake the running agent, so that it checks in at once

        exit codes: 0 done; 1 no agent runs (check-now); 64 wrong usage; 65 bad configuration;
        73 a file of the device cannot be used; 75 another agent works on this device
        """

    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let wantsJSON = arguments.removeFlag("--json")
        guard arguments.count == 3, arguments[1] == "--config" else {
            if arguments == ["--help"] {
                Console.answer(usage)
                Console.exit(0)
            }
            Console.note(usage)
            Console.exit(64)
        }
        do throws(CommandError) {
            switch arguments[0] {
            case "run": try Daemon(DeviceFile(reading: arguments[2])).run()
            case "status": try Status(DeviceFile(reading: arguments[2])).tell(asJSON: wantsJSON)
            case "check-now": try wake(DeviceFile(reading: arguments[2]))
            default:
                Console.note(usage)
                Console.exit(64)
            }
        } catch {
            Console.note("slipway-agent: \(error)")
            Console.exit(error.exitCode)
        }
    }

    private static func wake(_ device: DeviceFile) throws(CommandError) {
        do {
            guard try ControlPipe.wake(device.controlPath) else {
                Console.note("slipway-agent: no agent runs for \(device.statePath)")
                Console.exit(1)
            }
        } catch { throw .device(error) }
    }
}

extension [String] {
    /// Returns whether `flag` was there, and takes it out.
    fileprivate mutating func removeFlag(_ flag: String) -> Bool {
        guard let index = firstIndex(of: flag) else { return false }
        remove(at: index)
        return true
    }
}

/// Why a command could not be carried out.
enum CommandError: Error, CustomStringConvertible {
    case configuration(path: String, problem: String)
    case device(SlotError)
    case state(StateError)
    case agent(AgentError)
    case anotherAgent(lock: String)

    var description: String {
        switch self {
        case .configuration(let path, let problem): "\(path): \(problem)"
        case .device(let error): "\(error)"
        case .state(let error): "\(error)"
        case .agent(let error): "\(error)"
        case .anotherAgent(let lock): "another agent works on this device: it holds \(lock)"
        }
    }

    var exitCode: Int32 {
        switch self {
        case .configuration: 65
        case .device, .state, .agent: 73
        case .anotherAgent: 75
        }
    }
}
