import Foundation
import OpenSSL
import Rollouts
import TestSupport
import Testing

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
            try killOnce(number, load, &random)
            let isLast = number == killCount
            guard looks(load, after: number, alsoAtLog: isLast || number % 10 == 0, &kept) else {
                break
            }
            isLast ? try load.gate.end() : load.gate.open()
        }
        try load.gate.end()
        let counts = load.ledger.with { $0.counts }
        print("\(engine): \(counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })")
        // All that the test is about has happened.
        #expect(counts["200", default: 0] > 50 * killCount)
        #expect(counts["lost", default: 0] > 0)
        #expect(counts["offers proven", default: 0] > 2 * killCount)
        #expect(counts["rollouts completed", default: 0] > 0)
        #expect(counts["uploads", default: 0] > 0)
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
