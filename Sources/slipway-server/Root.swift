internal import ArgumentParser
import Foundation

/// The program: it serves unless it is told to do something else.
@main struct SlipwayServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-server",
        abstract: "Serve a fleet: check-ins, rollouts, and the signed repository.",
        subcommands: [Serve.self, CollectGarbage.self], defaultSubcommand: Serve.self)

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var server = command as? any AsyncParsableCommand {
                try await server.run()
            } else {
                try command.run()
            }
        } catch let problem as ServerProblem {
            FileHandle.standardError.write(Data("slipway-server: \(problem)\n".utf8))
            exit(withError: ExitCode(problem.exitCode))
        } catch { exit(withError: error) }
    }
}
