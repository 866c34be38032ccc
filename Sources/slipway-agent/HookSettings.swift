internal import Agent
internal import JSON
internal import Slots

/// What others at the device have a say in, from its file: `hooks`, `consent` and `log`.
struct HookSettings {
    static let keys: Set<String> = ["hooks", "consent", "log"]

    let hooks: DirectoryHooks
    private let consentFile: (path: String, staleAfter: Duration)?
    private let consentCommand: CommandConsent?
    /// `nil` on a machine that has neither a journal nor a command in its file.
    let log: CommandLogTail?

    private static let hooksFolder = "/etc/slipway/hooks.d"

    /// - Throws: ``JSONShapeError``.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        let hooks = try fields.optionalObject("hooks")
        try hooks?.refuseMembers(otherThan: ["folder", "timeout_seconds"])
        self.hooks = DirectoryHooks(
            folder: try hooks?.optionalString("folder") ?? Self.hooksFolder,
            timeout: try hooks?.duration("timeout_seconds", unless: 60) ?? .seconds(60))

        let consent = try fields.optionalObject("consent")
        try consent?.refuseMembers(
            otherThan: ["file", "stale_after_seconds", "command", "timeout_seconds"])
        let staleAfter = try consent?.duration("stale_after_seconds", unless: 86_400)
        let timeout = try consent?.duration("timeout_seconds", unless: 10) ?? .seconds(10)
        consentFile = try consent?.optionalString("file").map { path in
            (path, staleAfter ?? .seconds(86_400))
        }
        consentCommand = try consent?.command("command").map {
            CommandConsent(command: $0, timeout: timeout)
        }
        log = try Self.log(fields.optionalObject("log"))
    }

    private static func log(_ fields: JSONFields?) throws(JSONShapeError) -> CommandLogTail? {
        guard let fields else { return .journal() }
        try fields.refuseMembers(otherThan: ["current", "previous", "pstore"])
        return CommandLogTail(
            current: try fields.command("current") ?? [],
            previous: try fields.command("previous") ?? [],
            crashFolder: try fields.optionalString("pstore") ?? "/sys/fs/pstore")
    }

    func consent(clock: any AgentClock) -> Consents {
        var all: [any Consent] = []
        if let file = consentFile {
            all.append(FileConsent(path: file.path, staleAfter: file.staleAfter, clock: clock))
        }
        if let consentCommand { all.append(consentCommand) }
        return Consents(all)
    }
}
