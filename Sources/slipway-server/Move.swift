internal import ArgumentParser
import Foundation
internal import Model
internal import OpenSSL
internal import Server
internal import Stores

/// `slipway-server move`: from SQLite to PostgreSQL.
struct Move: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Move the database from SQLite to PostgreSQL.",
        discussion: """
            Stop the server before. All rows are copied, and then counted and compared by SHA-256 \
            on both sides; only after that servers may start on the new database, and none starts \
            on the old one any more. A move that was cut goes on when it is begun again.

            Exit codes: 0 moved, or was moved before; 65 refused, and the words say why; 75 \
            something went away in the middle: begin it again.
            """)

    @Option(help: "The SQLite file; without it, the one in the folder of data.") var from: String?
    @Option(help: "The PostgreSQL database, as postgres://…; without it, that of store.")
    var to: String?
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Take the old database back instead, and give up the new one.") var back = false
    @Flag(help: "With --back: though the new one has been used since, or cannot be reached.")
    var forgetTarget = false

    func validate() throws {
        guard back || !forgetTarget else {
            throw ValidationError("--forget-target is for --back")
        }
    }

    func run() throws {
        let move = StoreMove(
            from: try source(), to: try target(), hashing: OpenSSLHashing(),
            makeID: { try Nonce.random().text }, report: MoveProgress().tell)
        do throws(MoveProblem) {
            if back {
                try move.takeBack(forgetsTarget: forgetTarget)
                print("the old database is the one to use again")
            } else {
                tell(try move.run())
            }
        } catch {
            switch error {
            case .refused(let problem): throw ServerProblem.data(problem)
            case .interrupted(let problem):
                throw ServerProblem.busy("\(problem); begin the move again, and it goes on")
            }
        }
    }

    private func source() throws(ServerProblem) -> String {
        if let from { return URL(filePath: from).path }
        guard let data = try database.settings().data else {
            throw .configuration("name the SQLite file by --from, or the server's folder by --data")
        }
        return URL(filePath: DataFolder.database(in: data)).path
    }

    private func target() throws(ServerProblem) -> String {
        if let to { return to }
        guard let address = try database.settings().store else {
            throw .configuration("name the PostgreSQL database by --to (or store in the file)")
        }
        return address
    }

    private func tell(_ outcome: StoreMove.Outcome) {
        guard case .moved(let tables) = outcome else {
            return print("it was moved before; servers may use the new database (--store)")
        }
        let width = tables.map(\.name.count).max() ?? 0
        for table in tables {
            let name = table.name.padding(toLength: width, withPad: " ", startingAt: 0)
            let count = String(repeating: " ", count: max(0, 10 - "\(table.target.rowCount)".count))
            print(
                "\(name) \(count)\(table.target.rowCount) rows  sha256 \(table.target.sha256.hex)")
        }
        let rowCount = tables.reduce(0) { $0 + $1.target.rowCount }
        print(
            "\(tables.count) tables with \(rowCount) rows are the same on both sides; start the"
                + " server with --store")
    }
}

/// Says on standard error how far a move is, in at most a hundred lines for each table.
private final class MoveProgress {
    private var last = (table: "", percent: 0)

    func tell(_ progress: StoreMove.Progress) {
        switch progress {
        case .checking: say("looks whether the old database is whole")
        case .comparing(let table): say("\(table): compares")
        case .copying(let table, let rowCount, let total):
            let percent = total == 0 ? 100 : rowCount * 100 / total
            guard (table, percent) != last else { return }
            last = (table, percent)
            say("\(table): \(rowCount) of \(total) rows")
        }
    }

    private func say(_ words: String) {
        FileHandle.standardError.write(Data("\(words)\n".utf8))
    }
}
