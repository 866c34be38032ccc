/// What was said on the command line.
struct Arguments {
    let command: Command
    let configuration: String
    let wantsJSON: Bool

    enum Command: Hashable {
        case help
        case run
        case status
        case checkNow
        case confirm
        case rollBack
        /// In seconds.
        case deferRestart(Int64)
        case install(path: String)
        case logs(lines: Int)
        case repairBoot
    }

    static let usage = """
        usage: slipway-agent COMMAND [--config FILE] [--json]

          run             work as the device's update agent until the machine goes down
          status          tell what is booted and how far an update is
          check-now       wake the running agent, so that it checks in at once
          install FILE    take the update in the bundle FILE, which slipway bundle has made
          confirm         say that the image on trial is good, where a person has to
          rollback        give up the update that is under way; leave an image on trial
          defer DURATION  put off the restart, such as 90s, 15m, 8h or 2d; 0 takes it back
          repair-boot     write a boot environment anew that cannot be read, with the slot that
                          runs as the confirmed one
          logs            tell what the agent has said; --lines N for the last ones only

        --config FILE is /etc/slipway/device.json unless told otherwise. With --json, status,
        commands and logs answer in JSON for programs.

        exit codes: 0 done; 1 no agent runs, or it says no; 64 wrong usage; 65 bad configuration;
        73 a file of the device cannot be used; 75 another agent works on this device;
        77 not permitted
        """

    static let standardConfiguration = "/etc/slipway/device.json"
    private static let standardLines = 100

    /// Returns `nil` for what is no command.
    init?(_ words: [String]) {
        var words = words
        wantsJSON = words.removeFlag("--json")
        var lines: Int? = nil
        var configuration = Self.standardConfiguration
        while let index = words.firstIndex(where: { $0 == "--config" || $0 == "--lines" }) {
            guard index + 1 < words.count else { return nil }
            if words[index] == "--config" {
                configuration = words[index + 1]
            } else {
                guard let count = Int(words[index + 1]), (1...65_536).contains(count) else {
                    return nil
                }
                lines = count
            }
            words.removeSubrange(index...index + 1)
        }
        self.configuration = configuration
        guard let command = Self.command(words, lines: lines) else { return nil }
        self.command = command
    }

    private static func command(_ words: [String], lines: Int?) -> Command? {
        guard lines == nil || words == ["logs"] else { return nil }
        switch (words.first, words.dropFirst().first, words.count) {
        case ("--help", nil, 1), ("help", nil, 1): return .help
        case ("run", nil, 1): return .run
        case ("status", nil, 1): return .status
        case ("check-now", nil, 1): return .checkNow
        case ("confirm", nil, 1): return .confirm
        case ("repair-boot", nil, 1): return .repairBoot
        case ("rollback", nil, 1): return .rollBack
        case ("defer", .some(let duration), 2):
            return seconds(duration).map { .deferRestart($0) }
        case ("install", .some(let path), 2): return .install(path: path)
        case ("logs", nil, 1): return .logs(lines: lines ?? standardLines)
        case (_, _, _): return nil
        }
    }

    /// Reads `90s`, `15m`, `8h`, `2d` or a number of seconds, at most a year.
    static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text : String(text.dropLast())
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int64(digits)
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow, seconds <= ControlRequest.maximumDeferralSeconds else { return nil }
        return seconds
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
