internal import ArgumentParser
import Foundation

/// Which server, and with what right.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address (or SLIPWAY_SERVER).")
    var server: String?

    @Option(help: "A file with the operator token (or SLIPWAY_TOKEN_FILE, or SLIPWAY_TOKEN).")
    var tokenFile: String?

    @Option(help: "A PEM file of the only authorities to trust (or SLIPWAY_CA_FILE).")
    var caFile: String?

    static let standardServer = "http://127.0.0.1:8480"

    func client() throws(SlipwayError) -> ManagementClient {
        let environment = ProcessInfo.processInfo.environment
        return try ManagementClient(
            server: server ?? environment["SLIPWAY_SERVER"] ?? Self.standardServer,
            token: token(environment), authority: caFile ?? environment["SLIPWAY_CA_FILE"])
    }

    private func token(_ environment: [String: String]) throws(SlipwayError) -> String? {
        guard let path = tokenFile ?? environment["SLIPWAY_TOKEN_FILE"] else {
            return environment["SLIPWAY_TOKEN"]
        }
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw .notPermitted("\(path) cannot be read")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}
