internal import ArgumentParser
internal import Model
internal import Wire

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell why: the rules that decided, in their order, and their values.",
        subcommands: [Device.self, Rollout.self])

    struct Device: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Why a device is, or was, offered what it is offered.",
            discussion: """
                With --at, the same rules are asked about what was known at that moment: the \
                device, the rollouts and their states, and the leases of others.
                """)

        @Argument(help: "The device's id.") var id: String
        @Option(help: "An earlier moment, such as 2026-03-01T12:00:00Z.") var at: String?
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let at, Instant(at) == nil {
                throw ValidationError("--at takes a moment such as 2026-03-01T12:00:00Z")
            }
        }

        func run() throws {
            let query = at.map { "?at=\(URLPath.encode($0))" } ?? ""
            let answer: DeviceExplanation = try server.client().get(
                "devices/\(URLPath.encode(id))/explanation\(query)")
            guard !output.json else { return Output.json(answer) }
            say("device \(answer.device) at \(answer.at)".visible)
            for fact in answer.facts { say("  \(fact)".visible) }
            for (number, asked) in answer.rollouts.enumerated() {
                let release = asked.release.map { " (\($0))" } ?? ""
                say("\(number + 1). rollout \(asked.rollout)\(release)".visible)
                ExplanationView.show(asked.steps)
                if asked.steps.last?.holds != false { say("   => \(asked.ruling)".visible) }
            }
            say("therefore: \(answer.conclusion)".visible)
            ExplanationView.show(answer.events)
        }
    }

    struct Rollout: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Why a rollout is where it is.")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let answer: RolloutExplanation = try server.client().get(
                "rollouts/\(URLPath.encode(name))/explanation")
            guard !output.json else { return Output.json(answer) }
            for line in RolloutView(isTerminal: false).lines(of: answer.rollout) { say(line) }
            ExplanationView.show(answer.steps)
            say("therefore: \(answer.verdict)".visible)
            ExplanationView.show(answer.events)
        }
    }
}

/// How rules and events look in text.
enum ExplanationView {
    static func show(_ steps: [ExplainedStep]) {
        for step in steps {
            let name = step.rule + String(repeating: " ", count: max(0, 14 - step.rule.count))
            say("   \(step.holds ? "yes" : "NO ") \(name) \(step.detail)".visible)
        }
    }

    static func show(_ events: [ExplainedEvent]) {
        guard !events.isEmpty else { return }
        say("what happened:")
        for event in events {
            let of = [event.device?.text, event.rollout?.text].compactMap { $0 }
            say("   \(event.at)  \(of.joined(separator: " "))  \(event.what)".visible)
        }
    }
}
