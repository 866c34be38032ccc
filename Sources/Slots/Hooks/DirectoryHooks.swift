public import Agent

/// The device's own programs in a folder, by the names of the hooks.
///
/// A hook is the program `pre-download`, or all programs in `pre-download.d` in the order of their
/// names, or both. Files there that are not executable are passed over. A program is told of the
/// update by its environment, which is otherwise clean: `SLIPWAY_RELEASE`, `SLIPWAY_SLOT`,
/// `SLIPWAY_SHA256`, and `SLIPWAY_FAILURE` where there is one. It says by its exit code that it is
/// done (0) or that the device is not ready (75, `EX_TEMPFAIL`; its last line of output is the
/// reason); with any other the hook has failed.
public struct DirectoryHooks: HookRunner {
    private let folder: String
    private let timeout: Duration

    /// The most programs of one hook.
    private static let maximumCount = 64
    private static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C",
    ]

    /// - Parameters:
    ///   - folder: Only root and the agent's user may be able to change it; a missing one has no
    ///     hooks.
    ///   - timeout: How long each program may take; after it, it is killed with its children.
    public init(folder: String, timeout: Duration) {
        self.folder = folder
        self.timeout = timeout
    }

    /// Ends with the first program that does not say that it is done.
    public func run(_ hook: Hook, facts: [String: String]) -> HookVerdict {
        var environment = Self.environment
        for (name, value) in facts {
            // A NUL would end the value early.
            environment["SLIPWAY_\(name.uppercased())"] = value.filter { $0 != "\0" }
        }
        do throws(SlotError) {
            for program in try programs(of: hook) {
                let verdict = try run(program, environment)
                guard verdict == .done else { return verdict }
            }
            return .done
        } catch { return .failed("\(error)") }
    }

    /// A folder that cannot be read has them, so that what is wrong comes to light.
    public func has(_ hook: Hook) -> Bool {
        do throws(SlotError) { return try !programs(of: hook).isEmpty } catch { return true }
    }

    private func programs(of hook: Hook) throws(SlotError) -> [String] {
        guard try GuardedFolder(folder) != nil else { return [] }
        let own = "\(folder)/\(hook.rawValue)"
        let status = try GuardedFolder.status(of: own)
        var programs: [String] = []
        if let status {
            guard status.isExecutable else {
                throw .malformed(path: own, problem: "it is not an executable file")
            }
            programs.append(own)
        }
        let others = try GuardedFolder("\(own).d")?.paths(maximumCount: Self.maximumCount) ?? []
        for path in others where try GuardedFolder.status(of: path)?.isExecutable == true {
            programs.append(path)
        }
        return programs
    }

    private func run(
        _ program: String, _ environment: [String: String]
    ) throws(SlotError) -> HookVerdict {
        let end = try ChildProcess.run(
            [program], timeout: timeout, setting: ChildProcess.Setting(environment: environment))
        let said = end.lastLine.isEmpty ? "" : ": \(end.lastLine)"
        switch end.outcome {
        case .exited(0): return .done
        case .exited(ChildProcess.notNow):
            return .notNow(end.lastLine.isEmpty ? "\(program) says not now" : end.lastLine)
        case .exited(let code): return .failed("\(program) exited with \(code)\(said)")
        case .killed(let signal):
            return .failed("\(program) was killed by signal \(signal)\(said)")
        case .timedOut:
            return .failed(
                "\(program) did not end within \(timeout.components.seconds) s and was killed"
                    + said)
        }
    }
}
