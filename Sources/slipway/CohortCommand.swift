internal import ArgumentParser
internal import Model
internal import Wire

struct CohortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cohort", abstract: "Save selectors under names, for other selectors to use.",
        discussion: """
            Selectors refer to them by cohort("NAME"), or cohort("NAME@3") for one version. What \
            was saved never changes: saving under the same name adds a version, and rollouts go \
            on with the one that they were started with.
            """,
        subcommands: [Save.self, List.self, Show.self])

    struct Save: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save a selector as a cohort's next version.",
            discussion: "What is its newest version already is not saved again.")

        @Argument(help: "The cohort's name.") var name: String
        @Argument(help: "The selector.") var selector: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let cohort: CohortSummary = try server.client().put(
                "cohorts/\(URLPath.encode(name))", CohortRequest(selector: selector).bytes)
            guard !output.json else { return Output.json(cohort) }
            say("cohort \(cohort.version.name): version \(cohort.version.number)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the newest version of each cohort.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let cohorts: [CohortSummary] = try server.client().all("cohorts")
            guard !output.json else { return Output.json(ListAnswer(items: cohorts)) }
            Output.table(
                ["COHORT", "VERSION", "AUTHOR", "SAVED", "SELECTOR"],
                cohorts.map { cohort in
                    [cohort.version.name.text] + CohortCommand.cells(of: cohort)
                })
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all versions of a cohort, and how many devices the newest picks.")

        @Argument(help: "The cohort's name.") var name: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let cohort: CohortHistory = try server.client().get(
                "cohorts/\(URLPath.encode(name))")
            guard !output.json else { return Output.json(cohort) }
            say("cohort      \(cohort.name)")
            say("devices     \(cohort.devices), by the newest version")
            if let newest = cohort.versions.first { say("picks       \(newest.expanded.visible)") }
            Output.table(
                ["VERSION", "AUTHOR", "SAVED", "SELECTOR"],
                cohort.versions.map(CohortCommand.cells))
        }
    }

    private static func cells(of cohort: CohortSummary) -> [String] {
        ["\(cohort.version.number)", cohort.author.text, "\(cohort.saved)", cohort.selector]
    }
}
