internal import ArgumentParser
import Foundation
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Stores

/// `slipway-server admin-token`: a way back in when the first token is lost or all have expired.
struct AdministratorToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin-token",
        abstract: "Make an administrator's token, when nobody has one any longer.",
        discussion: """
            Whoever may write the database may do this; servers may run meanwhile, and take the \
            token at once. It is printed, kept nowhere else, and stands in the log of changes.
            """)

    @OptionGroup var database: DatabaseOptions
    @Option(help: "Whose it is.") var name = "operator"
    @Option(help: "How long it is good for, such as 24h or 7d.") var expires = Age(hours: 24)

    func run() async throws {
        guard let owner = OperatorName(name) else {
            throw ServerProblem.configuration("--name: \"\(name)\" cannot be a name")
        }
        do {
            let text = try await SpareAdministrator.makeToken(
                for: owner, lifetime: expires.duration, in: store(), hashing: OpenSSLHashing(),
                at: .now, makeNonce: Nonce.random)
            print(text)
        } catch StoreError.busy {
            throw ServerProblem.busy("the database is busy; try again")
        } catch let error as StoreError { throw ServerProblem.data("\(error)") }
    }

    /// One that is there: a mistyped folder is no place for a new database.
    private func store() throws -> any Store {
        switch try database.place() {
        case .sqlite(let path):
            guard FileManager.default.fileExists(atPath: path) else {
                throw ServerProblem.data("there is no database at \(path)")
            }
            return try SQLiteStore(path: path)
        case .postgres(let address): return try PostgresStore(url: address)
        }
    }
}
