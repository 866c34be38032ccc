internal import ArgumentParser
internal import Model
internal import Wire

struct EnrolmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrolment", abstract: "Let new devices in, by tokens that run out.",
        discussion: """
            A device that nobody knows shows its enrolment token once; what its description \
            calls enrolment_token_file. Failed tries use nothing up.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an enrolment token; its text is told only now.")

        @Option(help: "How many devices it lets in.") var uses: Int64 = 1
        @Option(help: "How long it is good for, such as 7d.") var expires = "7d"
        @Option(help: "A model that it lets in; any without this.") var hardware: [String] = []
        @Option(help: "The cohort that picks whom it lets in.") var cohort: String?
        @Option(help: "NAME=VALUE that a device has to report.") var attribute: [String] = []
        @Option(help: "What to know it by.") var note = ""
        @OptionGroup var secret: SecretOptions
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let request = EnrolmentTokenRequest(
                terms: EnrolmentTerms(
                    note: note, uses: Int(try Given.number(uses, in: EnrolmentTerms.useCounts)),
                    hardware: try hardware.map { try Given.name($0, as: "--hardware") },
                    cohort: try cohort.map { try Given.name($0, as: "--cohort") },
                    attributes: try Given.attributes(attribute)),
                lifetimeSeconds: try Given.lifetime(expires))
            let new: NewEnrolmentToken = try secret.taking {
                let new: NewEnrolmentToken = try server.client().post(
                    "enrolment-tokens", request.bytes)
                return (new, new.text)
            }
            if output.json { return Output.json(secret.file == nil ? new.json : new.token.json) }
            say("token    \(new.token.id) for \(new.token.terms.uses) devices")
            say("expires  \(new.token.expires)")
            secret.say(new.text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all enrolment tokens, without their secrets.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let list: ListAnswer<EnrolmentTokenSummary> = try server.client().get(
                "enrolment-tokens")
            guard !output.json else { return Output.json(list) }
            Output.table(
                ["TOKEN", "USED", "ONLY FOR", "CREATED", "ENDS", "NOTE"],
                list.items.map { token in
                    [
                        token.id.text, "\(token.used) of \(token.terms.uses)", token.terms.scope,
                        "\(token.created) by \(token.createdBy)",
                        TokenCommand.end(expires: token.expires, revoked: token.revoked),
                        token.terms.note,
                    ]
                })
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End an enrolment token at once.",
            discussion: "Devices that it let in stay. Ending one again changes nothing.")

        @Argument(help: "The token's id, as `enrolment list` shows it.") var id: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let token: EnrolmentTokenSummary = try server.client().post(
                "enrolment-tokens/\(URLPath.encode(id))/revoke")
            guard !output.json else { return Output.json(token) }
            say("enrolment token \(token.id) is revoked")
        }
    }
}

extension EnrolmentTerms {
    /// What it is bounded to, in one clause.
    fileprivate var scope: String {
        let values = attributes.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let cohorts = cohort.map { ["cohort \($0)"] } ?? []
        return (hardware.map(\.text) + cohorts + values).joined(separator: ", ")
    }
}
