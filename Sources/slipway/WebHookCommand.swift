internal import ArgumentParser
internal import Model
internal import Wire

struct WebHookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Let other programs be told of what happens.",
        subcommands: [
            Add.self, List.self, Remove.self, DeadLetters.self, Redeliver.self,
        ])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an address be told of events; prints the secret, once.",
            discussion: """
                Each event is posted as JSON, with the header Slipway-Signature: t=SECONDS,v1=HEX. \
                The digits are the HMAC-SHA256 of the seconds, a dot, and the body, under the \
                secret. Events come in order and at least once; Slipway-Event has their number.
                """)

        @Argument(help: "An https address.") var url: String
        @Option(help: "Only events of this kind: \(Self.kinds). May be repeated.")
        var kind: [String] = []
        @Option(help: "What signs, 16 to 128 characters; made by the server by default.")
        var secret: String?
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        private static let kinds = EventKind.allCases.map(\.rawValue).joined(separator: ", ")

        func validate() throws {
            guard kind.allSatisfy({ EventKind(rawValue: $0) != nil }) else {
                throw ValidationError("--kind takes one of \(Self.kinds)")
            }
        }

        func run() throws {
            let request = WebHookRequest(
                url: url, kinds: kind.compactMap { EventKind(rawValue: $0) }, secret: secret)
            let hook: WebHookSummary = try server.client().create("webhooks", request.bytes)
            guard !output.json else { return Output.json(hook) }
            say("webhook  \(hook.id)")
            say("secret   \(hook.secret ?? "")")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the web hooks, and how far each has been told.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let list: ListAnswer<WebHookSummary> = try server.client().get("webhooks")
            guard !output.json else { return Output.json(list) }
            Output.table(
                ["WEBHOOK", "ADDRESS", "KINDS", "TOLD", "DEAD", "FAILURES", "PROBLEM"],
                list.items.map { hook in
                    [
                        hook.id.text, hook.url,
                        hook.kinds.map(\.rawValue).joined(separator: ","), "\(hook.position)",
                        "\(hook.deadLetters)", "\(hook.failures)", hook.problem ?? "",
                    ]
                })
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell an address nothing any more.")

        @Argument(help: "The web hook.") var id: String
        @OptionGroup var server: ServerOptions

        func run() throws {
            try server.client().delete("webhooks/\(URLPath.encode(id))")
            say("\(id.visible) is removed")
        }
    }

    struct DeadLetters: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dead-letters", abstract: "List the events that could not be delivered.")

        @Argument(help: "The web hook.") var id: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let letters: [DeadLetter] = try server.client().all(
                "webhooks/\(URLPath.encode(id))/dead-letters")
            guard !output.json else { return Output.json(ListAnswer(items: letters)) }
            Output.table(
                ["EVENT", "GIVEN UP", "TRIES", "WHAT", "PROBLEM"],
                letters.map { letter in
                    [
                        "\(letter.event.number)", "\(letter.at)", "\(letter.attempts)",
                        letter.event.what, letter.problem,
                    ]
                })
        }
    }

    struct Redeliver: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deliver dead letters once more.")

        @Argument(help: "The web hook.") var id: String
        @Option(help: "The number of one event; all dead letters by default.") var event: Int64?
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let answer: Redelivery = try server.client().post(
                "webhooks/\(URLPath.encode(id))/redeliver",
                RedeliveryRequest(number: event).bytes)
            guard !output.json else { return Output.json(answer) }
            say("\(answer.count) dead letters go out again")
        }
    }
}
