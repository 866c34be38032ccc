internal import ArgumentParser
internal import Model
internal import Wire

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Say who may manage the server, and as what.",
        discussion: """
            Every person and machine has a token of their own. It stands for a name, a role \
            (viewer, operator, approver, publisher, admin), and may be good for less: for some \
            actions of the role, and for the devices of some cohorts.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token; its text is told only now.",
            discussion: """
                With --cohort it changes devices of these cohorts only, and plans and controls \
                rollouts whose selector is one of the cohorts, or one of them `and` more.
                """)

        @Argument(help: "Whose it is.") var name: String
        @Option(help: "viewer, operator, approver, publisher or admin.") var role: String
        @Option(
            help: "What of the role it is good for, such as devices.change; all without this.")
        var action: [String] = []
        @Option(help: "The cohort whose devices it may change; any device without this.")
        var cohort: [String] = []
        @Option(help: "How long it is good for, such as 90d, or never.") var expires = "90d"
        @OptionGroup var secret: SecretOptions
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let request = TokenRequest(
                name: try Given.name(name, as: "NAME"), role: try Given.role(role),
                actions: action.isEmpty ? nil : try action.map { try Given.permission($0) },
                cohorts: cohort.isEmpty
                    ? nil : try cohort.map { try Given.name($0, as: "--cohort") },
                lifetimeSeconds: expires == "never" ? nil : try Given.lifetime(expires))
            let new: NewToken = try secret.taking {
                let new: NewToken = try server.client().post("tokens", request.bytes)
                return (new, new.text)
            }
            if output.json { return Output.json(secret.file == nil ? new.json : new.token.json) }
            say("token    \(new.token.id) of \(new.token.name), \(new.token.role.rawValue)")
            say("expires  \(new.token.expires.map { "\($0)" } ?? "never")")
            secret.say(new.text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all tokens, without their secrets.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let list: ListAnswer<TokenSummary> = try server.client().get("tokens")
            guard !output.json else { return Output.json(list) }
            Output.table(
                ["TOKEN", "NAME", "ROLE", "ONLY FOR", "CREATED", "ENDS", "LAST USED"],
                list.items.map { token in
                    [
                        token.id.text, token.name.text, token.role.rawValue, token.scope,
                        "\(token.created) by \(token.createdBy)",
                        TokenCommand.end(expires: token.expires, revoked: token.revoked),
                        token.lastUsed.map { "\($0)" } ?? "never",
                    ]
                })
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a token at once.", discussion: "Ending one again changes nothing.")

        @Argument(help: "The token's id, as `token list` shows it.") var id: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let token: TokenSummary = try server.client().post(
                "tokens/\(URLPath.encode(id))/revoke")
            guard !output.json else { return Output.json(token) }
            say("token \(token.id) of \(token.name) is revoked")
        }
    }

    static func end(expires: Instant?, revoked: Instant?) -> String {
        if let revoked { return "revoked \(revoked)" }
        return expires.map { "\($0)" } ?? "never"
    }
}

extension TokenSummary {
    /// What it is bounded to, in one clause.
    fileprivate var scope: String {
        let actions = (actions ?? []).map(\.rawValue)
        let cohorts = (cohorts ?? []).map { "cohort \($0)" }
        return (actions + cohorts).joined(separator: ", ")
    }
}
