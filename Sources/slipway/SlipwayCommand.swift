internal import ArgumentParser
import Foundation

/// The operator's command line.
@main struct SlipwayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Update the firmware of a fleet: sign, publish, roll out, verify.",
        discussion: """
            Exit codes: 0 done; 1 the answer is no (verify refused, a watched rollout did not \
            complete); 64 wrong usage; 65 bad input or refused by the server; 66 an input file is \
            missing; 69 the server does not answer; 73 output cannot be written; 75 try again; \
            77 not permitted (token or key).
            """,
        subcommands: [
            RepoCommand.self, KeyCommand.self, ReleaseCommand.self, DeviceCommand.self,
            InventoryCommand.self, CohortCommand.self, RolloutCommand.self, ExplainCommand.self,
            VerifyCommand.self, EventsCommand.self, WebHookCommand.self, BundleCommand.self,
            TokenCommand.self, EnrolmentCommand.self, WhoAmICommand.self, AuditCommand.self,
            DemoCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as SlipwayError {
            complain(error)
            exit(withError: error.exitCode)
        } catch { exit(withError: error) }
    }
}
