internal import ArgumentParser
import Foundation
internal import Curl
internal import JSON
internal import Model
internal import Rollouts
internal import Wire

struct RolloutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "Plan rollouts, start them, and look after them.",
        subcommands: [
            Check.self, Schema.self, Diff.self, Simulate.self, Plan.self, Start.self, List.self,
            Show.self,
            Watch.self,
            Approve.self,
            Pause.self, Resume.self, Retry.self, Forgive.self, Abort.self, Revert.self,
        ])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check rollout files without a server, for CI.",
            discussion: "Tells the first problem of each; the exit code is that of the first file.")

        @Argument(help: "Rollout files (YAML).") var files: [String]
        @OptionGroup var output: OutputOptions

        func run() throws {
            var problems: [(String, SlipwayError)] = []
            for file in files {
                do { _ = try RolloutFileReader.read(file) } catch { problems.append((file, error)) }
            }
            let unsound = problems
            if output.json {
                Output.json([
                    "checked": .integer(Int64(files.count)),
                    "problems": .array(
                        unsound.map { file, error in
                            ["file": .string(file), "problem": .string("\(error)")]
                        }),
                ])
            } else {
                for file in files where !unsound.contains(where: { $0.0 == file }) {
                    say("\(file.visible): sound")
                }
                for (_, error) in unsound { complain(error) }
            }
            if let first = unsound.first { throw first.1.exitCode }
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON schema of rollout files, for editors.")

        func run() { say(RolloutSchema.value.prettyText) }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what differs between two rollout files.",
            discussion: "Exit code 1 when something does, as diff(1) has it.")

        @Argument(help: "The file before (YAML).") var before: String
        @Argument(help: "The file after (YAML).") var after: String
        @OptionGroup var output: OutputOptions

        func run() throws {
            let differences = try RolloutFileReader.read(before)
                .differences(to: RolloutFileReader.read(after))
            if output.json {
                let items = differences.map { difference -> JSONValue in
                    .object(
                        JSONObject(present: [
                            ("path", .string(difference.path)),
                            ("before", difference.before.map { .string($0) }),
                            ("after", difference.after.map { .string($0) }),
                        ]))
                }
                Output.json(["differences": .array(items)])
            } else {
                for difference in differences { say("\(difference)".visible) }
            }
            guard differences.isEmpty else { throw ExitCode(1) }
        }
    }

    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a rollout file would do; change nothing.")

        @Argument(help: "The rollout file (YAML).") var file: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let file = try RolloutFileReader.read(file)
            let plan: PlanSummary = try server.client().post("plans", file.bytes)
            if output.json { Output.json(plan) } else { PlanView.show(plan) }
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start exactly the plan that was shown.")

        @Argument(help: "The rollout file (YAML).") var file: String
        @Option(help: "The digest that `rollout plan` printed.") var plan: String?
        @Flag(help: "Plan, show the plan, and start it at once.") var yes = false
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (plan == nil) == yes else {
                throw ValidationError("name the plan by --plan DIGEST, or say --yes")
            }
            if let plan, Digest(hex: plan) == nil {
                throw ValidationError("--plan takes the 64 digits that `rollout plan` printed")
            }
        }

        func run() throws {
            let read = try RolloutFileReader.read(file)
            let client = try server.client()
            let digest: Digest
            if let named = plan.flatMap({ Digest(hex: $0) }) {
                digest = named
            } else {
                let planned: PlanSummary = try client.post("plans", read.bytes)
                if !output.json { PlanView.show(planned) }
                digest = planned.digest
            }
            let rollout: RolloutSummary = try client.create(
                "rollouts", StartRequest(file: read, digest: digest).bytes)
            try show(rollout, output)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all rollouts.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let rollouts: [RolloutSummary] = try server.client().all("rollouts")
            guard !output.json else { return Output.json(ListAnswer(items: rollouts)) }
            Output.table(
                ["ROLLOUT", "RELEASE", "STATE", "PROVEN", "FAILED", "REASON"],
                rollouts.map { rollout in
                    [
                        rollout.name.text, "\(rollout.release)", rollout.state,
                        "\(rollout.proven)", "\(rollout.failed)", rollout.reason,
                    ]
                })
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one rollout.")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            try show(
                server.client().get("rollouts/\(URLPath.encode(name))"), output)
        }
    }

    struct Watch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a rollout until it completes (0), pauses or ends otherwise (1).")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var server: ServerOptions
        @Flag(help: "Print each change as one line of JSON.") var json = false

        func run() throws {
            let form: RolloutWatch.Form =
                json ? .json : isatty(STDOUT_FILENO) == 1 ? .terminal : .lines
            let rollout = try RolloutWatch(client: server.client(), name: name, form: form).run()
            guard rollout.state == "completed" else { throw ExitCode(1) }
        }
    }

    struct Approve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the open wave be followed by the next; not by who started the rollout.")
        @OptionGroup var control: Control
        func run() throws { try control.run("approve") }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make no new offers, and take back those whose devices still download.")
        @OptionGroup var control: Control
        func run() throws { try control.run("pause") }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on with the open wave, from the beginning of its soak.",
            discussion: "With --stratum, with one kind of devices that was paused by itself.")

        @Option(help: "Such as board_revision=C.") var stratum: String?
        @OptionGroup var control: Control

        func validate() throws {
            if let stratum, !stratum.contains("=") {
                throw ValidationError("--stratum takes such as board_revision=C")
            }
        }

        func run() throws {
            guard let stratum, let equals = stratum.firstIndex(of: "=") else {
                return try control.run("resume")
            }
            let kind = StratumRequest(
                attribute: String(stratum[..<equals]),
                value: String(stratum[stratum.index(after: equals)...]))
            try control.run("resume-stratum", kind.bytes)
        }
    }

    struct Forgive: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set failures aside that somebody has looked at, such as an outage's.",
            discussion: "The gate counts them no more; what fails later is news.")

        @Option(help: "A class of failures: overdue, health, … May be repeated.")
        var failure: [String]
        @OptionGroup var control: Control

        func validate() throws { try Retry.check(failure) }

        func run() throws { try control.run("forgive", Retry.request(failure).bytes) }
    }

    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let devices that failed try once more.",
            discussion: "They count as failed until they have proven the release.")

        @Option(help: "Only after this failure: \(Self.words). May be repeated.")
        var failure: [String] = []
        @OptionGroup var control: Control

        private static let words = FailureClass.allCases.map(\.rawValue).joined(separator: ", ")

        func validate() throws { try Self.check(failure) }

        func run() throws { try control.run("retry", Self.request(failure).bytes) }

        static func check(_ failures: [String]) throws {
            guard failures.allSatisfy({ FailureClass(rawValue: $0) != nil }) else {
                throw ValidationError("--failure takes one of \(words)")
            }
        }

        static func request(_ failures: [String]) -> RetryRequest {
            RetryRequest(classes: failures.compactMap { FailureClass(rawValue: $0) })
        }
    }

    struct Revert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the devices that have the release back to an earlier one.",
            discussion: """
                Going back is a rollout of its own, in waves and with a gate; this shows its plan, \
                and with --yes stops the rollout and starts the other. The earlier release has to \
                be published still, and signed so that devices may go down to it.
                """)

        @Option(help: "Where to; by default what most of the devices came from.") var to: String?
        @Flag(help: "Do it.") var yes = false
        @OptionGroup var control: Control

        func validate() throws {
            guard to.map({ ReleaseID($0) != nil }) ?? true else {
                throw ValidationError("--to takes a name and a version")
            }
        }

        func run() throws {
            let wanted = ReleaseRequest(release: to.flatMap { ReleaseID($0) })
            guard yes else {
                let plan: PlanSummary = try control.server.client().post(
                    "rollouts/\(URLPath.encode(control.name))/revert-plan", wanted.bytes)
                return control.output.json ? Output.json(plan) : PlanView.show(plan)
            }
            try show(
                control.server.client().create(
                    "rollouts/\(URLPath.encode(control.name))/revert", wanted.bytes),
                control.output)
        }
    }

    struct Abort: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a rollout for good.")
        @OptionGroup var control: Control
        func run() throws { try control.run("abort") }
    }

    /// What pausing, resuming and aborting have in common.
    struct Control: ParsableArguments {
        @Argument(help: "The rollout's name.") var name: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run(_ verb: String, _ body: [UInt8] = []) throws {
            try show(
                server.client().post("rollouts/\(URLPath.encode(name))/\(verb)", body), output)
        }
    }
}

/// Prints a rollout as it was asked for.
private func show(_ rollout: RolloutSummary, _ output: OutputOptions) throws {
    guard !output.json else { return Output.json(rollout) }
    RolloutView(isTerminal: false).lines(of: rollout).forEach { say($0) }
}
