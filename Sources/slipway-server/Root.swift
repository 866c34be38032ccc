internal import ArgumentParser
import Foundation

/// The program: it serves unless it is told to do something else.
@main struct SlipwayServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-server",
        abstract: "Serve a fleet, and look after its database and its images.",
        discussion: """
            Without a subcommand it serves; `slipway-server serve --help` has the settings.

            Exit codes: 0 done, or stopped in order; 64 wrong usage; 65 bad configuration, keys or \
            data; 69 the address cannot be used; 73 a file cannot be written; 75 try again.
            """,
        subcommands: [
            Serve.self, Backup.self, Restore.self, Check.self, Move.self, CollectGarbage.self,
            AdministratorToken.self,
        ],
        defaultSubcommand: Serve.self)

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var server = command as? any AsyncParsableCommand {
                try await server.run()
            } else {
                try command.run()
            }
        } catch let problem as ServerProblem {
            try? FileHandle.standardError.write(
                contentsOf: Data("slipway-server: \(problem)\n".utf8))
            exit(withError: ExitCode(problem.exitCode))
        } catch { exit(withError: error) }
    }
}
