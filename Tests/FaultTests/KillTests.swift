import Foundation
import OpenSSL
import Rollouts
import TestSupport
import Testing
import Trust

/// Servers that are killed at random moments under load: nothing acknowledged is lost, no limit is
/// exceeded, and nothing happens twice (promises P2, P4 and P6).
///
/// `make test-kills KILLS=100` is the long form; `SEED=7` repeats the choices of a run, though not
/// the moments, which the machine has a say in.
@Suite(.serialized) struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `nil` for the short form.
    private static let longCount = environment["SLIPWAY_KILLS"].flatMap { Int($0) }
    static let seed =
        environment["SLIPWAY_KILL_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0...999_999)

    @Test func nothingIsLostOnSQLite() throws {
        try Self.play(.sqlite, serverCount: 1, killCount: Self.longCount ?? 8)
    }

    /// Two servers, killed in turn, and both at once now and then.
    @Test func norOnPostgreSQL() throws {
        try Self.play(.postgres, serverCount: 2, killCount: Self.longCount ?? 5)
    }

    private static func play(_ engine: Site.Engine, serverCount: Int, killCount: Int) throws {
        print("\(engine): \(killCount) kills, seed \(seed)")
        let site = try Site(engine, serverCount: serverCount)
        let load = try Load(on: site, seed: seed)
        var random = SeededGenerator(seed: seed ^ 0x6b69_6c6c)
        var kept: String?
        for number in 1...killCount {
            let isLast = number == killCount
            if isLast { try waitForMuch(load, killCount) }
            try killOnce(number, load, &random)
            guard looks(load, after: number, alsoAtLog: isLast || number % 10 == 0, &kept) else {
                break
            }
            isLast ? try load.gate.end() : load.gate.open()
        }
        try load.gate.end()
        let counts = load.ledger.with { $0.counts }
        print("\(engine): \(counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })")
        // All that the test is about has happened.
        for (what, count) in much(killCount) {
            #expect(counts[what, default: 0] > count, "\(what)")
        }
        #expect(counts["lost", default: 0] > 0)
    }

    /// Of each of these there has to be more.
    private static func much(_ killCount: Int) -> [(what: String, count: Int)] {
        [
            ("200", 50 * killCount), ("offers proven", 2 * killCount), ("rollouts completed", 0),
            ("uploads", 0),
        ]
    }

    /// Lets the load go on until so much has happened; for as many answers as should do for that many
    /// times over.
    private static func waitForMuch(_ load: Load, _ killCount: Int) throws {
        for _ in 0..<300 {
            let counts = load.ledger.with { $0.counts }
            if much(killCount).allSatisfy({ counts[$0.what, default: 0] > $0.count }) { return }
            try load.gate.waitForAnswers(100)
        }
    }

    /// Waits for a random moment, kills, starts again, and stops the load to look.
    private static func killOnce(
        _ number: Int, _ load: Load, _ random: inout SeededGenerator
    ) throws {
        try load.gate.waitForAnswers(Int.random(in: 100...400, using: &random))
        // Not always right after an answer: what is hashed keeps us busy for up to some milliseconds.
        let count = Int.random(in: 0...10_000_000, using: &random)
        _ = OpenSSLHashing().sha256([UInt8](repeating: 0, count: count))
        let all = load.site.servers.indices
        let killed = Int.random(in: 0..<4, using: &random) == 0 ? Array(all) : [number % all.count]
        for index in killed { load.site.kill(index) }
        for index in killed {
            try load.site.start(index)
            load.gate.tellOfServer()
        }
        try load.gate.shut()
    }

    /// Whether everything is as it has to be.
    private static func looks(
        _ load: Load, after number: Int, alsoAtLog: Bool, _ kept: inout String?
    ) -> Bool {
        let books = Books(load: load)
        var found: [String]
        do {
            found = try books.problems()
            if alsoAtLog { found += try books.auditProblems(kept: kept) }
        } catch { found = ["\(error)"] }
        guard !found.isEmpty else { return true }
        let list = found.prefix(20).joined(separator: "\n    ")
        Issue.record("seed \(seed), kill \(number): \(found.count) problems:\n    \(list)")
        return false
    }
}
