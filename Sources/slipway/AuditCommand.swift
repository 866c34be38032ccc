internal import ArgumentParser
internal import Audit
internal import JSON
internal import Model

/// The log of changes: who did what when.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read the log of every change, take it elsewhere, and check it there.",
        subcommands: [
            List.self, AuditExport.self, AuditCheckpointCommand.self, AuditVerify.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List changes: the newest, or those after a row.")

        @Option(help: "Only what concerns this device.") var device: String?
        @Option(help: "Only what concerns this rollout.") var rollout: String?
        @Option(help: ArgumentHelp("Only what this operator caused.", valueName: "name"))
        var by: String?
        @Option(help: ArgumentHelp("Only rows after this one.", valueName: "number"))
        var after: Int64?
        @Option(help: "The most rows.") var limit = 50
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard device == nil || rollout == nil else {
                throw ValidationError("name a device or a rollout")
            }
            guard (1...AuditPage.maximumCount).contains(limit) else {
                throw ValidationError("--limit takes 1 to \(AuditPage.maximumCount)")
            }
        }

        func run() throws {
            let page: AuditPage = try server.client().get("audit?\(query)")
            guard !output.json else { return Output.json(page) }
            Output.table(
                ["ROW", "WHEN", "WHO", "WHAT", "OF", "CHANGE"],
                page.rows.map { row in
                    [
                        "\(row.number)", "\(row.at)", row.actor, row.action, row.subject,
                        row.changeText,
                    ]
                })
        }

        private var query: String {
            let subject = device.map { "device:\($0)" } ?? rollout.map { "rollout:\($0)" }
            return [
                ("limit", "\(limit)"), ("after", after.map { "\($0)" }), ("subject", subject),
                ("actor", by.map { "operator:\($0)" }),
            ].compactMap { name, text in text.map { "\(name)=\(URLPath.encode($0))" } }
                .joined(separator: "&")
        }
    }
}

extension AuditRow {
    /// The longest text of a change in a table.
    private static let changeLength = 160

    /// What changed, such as `held_reason: null -> "lab"`, cut where it is long.
    fileprivate var changeText: String {
        let (old, new) = (Self.members(before), Self.members(after))
        let names = Set(old.keys).union(new.keys).sorted()
        let text = names.map { name in
            switch (old[name], new[name]) {
            case (let old?, let new?): "\(name): \(old) -> \(new)"
            case (let old?, nil): "\(name): \(old) -> gone"
            case (nil, let new?): "\(name): \(new)"
            case (nil, nil): name
            }
        }.joined(separator: ", ")
        return text.count <= Self.changeLength
            ? text : "\(text.prefix(Self.changeLength))..."
    }

    private static func members(_ value: JSONValue?) -> [String: String] {
        guard case .object(let object) = value else { return [:] }
        return Dictionary(
            object.members.map {
                ($0.key.text, String(decoding: $0.value.compactBytes, as: UTF8.self))
            }, uniquingKeysWith: { first, _ in first })
    }
}
