import Foundation
import Model
import OpenSSL
import TestSupport
import Testing

/// Several real servers on one real PostgreSQL, each of which may die, pause or lose its database.
@Suite struct SeveralServersTests {
    /// A database that looks itself whether the limit holds after each offer, and who changes offers
    /// without a device that spoke to them.
    private struct Watched {
        let server: PostgresServer
        let address: String

        init(_ server: PostgresServer, limit: Int) throws {
            self.server = server
            address = try server.makeDatabase()
            self.limit = limit
        }

        private let limit: Int

        /// To be called when the first server has made the tables.
        func watch() throws {
            try query(
                """
                CREATE TABLE too_many (open BIGINT);
                CREATE TABLE writers (name TEXT);
                CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    INSERT INTO too_many SELECT count(*) FROM offers WHERE outcome = 'open'
                        HAVING count(*) > \(limit);
                    INSERT INTO writers VALUES (current_setting('application_name'));
                    RETURN NULL; END $$;
                CREATE TRIGGER look AFTER INSERT OR UPDATE ON offers
                    FOR EACH ROW EXECUTE FUNCTION look();
                """)
        }

        @discardableResult func query(_ statements: String) throws -> String {
            try server.query(address, statements)
        }

        /// Whose lease it is, as far as the name goes.
        var holder: String {
            get throws { try query("SELECT coalesce(server, '') FROM stepping_lease") }
        }

        func epoch() throws -> Int { Int(try query("SELECT epoch FROM stepping_lease")) ?? 0 }

        /// Nobody can see any more on which machine the holder runs.
        func moveHolderAway() throws { try query("UPDATE stepping_lease SET process = ''") }

        func waits(until isTrue: () throws -> Bool) throws {
            let end = ContinuousClock.now + .seconds(90)
            while try !isTrue() {
                guard ContinuousClock.now < end else { throw Waited() }
            }
        }

        struct Waited: Error {}
    }

    private static func devices(_ count: Int, _ server: ServerProcess) throws -> [FleetDevice] {
        try (0..<count).map { try FleetDevice($0, token: server.enrolmentToken) }
    }

    private static func enrol(_ devices: inout [FleetDevice], _ server: ServerProcess) throws {
        try act(&devices, at: [server]) { $0.allSatisfy { $0.answered > 0 } }
    }

    /// Every device asks both servers in turn until something has happened.
    private static func act(
        _ devices: inout [FleetDevice], at servers: [ServerProcess],
        until isDone: ([FleetDevice]) throws -> Bool
    ) throws {
        let end = ContinuousClock.now + .seconds(90)
        var round = 0
        while try !isDone(devices) {
            guard ContinuousClock.now < end else { throw Watched.Waited() }
            for index in devices.indices {
                _ = try devices[index].act(at: servers[(index + round) % servers.count])
            }
            round += 1
        }
    }

    @Test func anotherStepsWhenTheOneThatDoesIsKilled() throws {
        let base = try Watched(PostgresServer.shared.get(), limit: 2)
        let servers = try ServerGroup(on: base.address)
        let one = servers.first
        try base.watch()
        try base.waits { try !base.holder.isEmpty }
        let first = try base.holder
        let two = try servers.another("two")
        var devices = try Self.devices(5, one)
        try Self.enrol(&devices, one)
        try one.startRollout(concurrent: 2, overdueAfter: "1s")
        // Who has an offer keeps silent from then on.
        for index in devices.indices { _ = try devices[index].act(at: index % 2 == 0 ? one : two) }
        #expect(devices.contains { !$0.offers.isEmpty })
        #expect(try base.holder == first)
        let stepping = "slipway_stepping_holder"
        let scraped = try one.scrape().families[stepping]?.samples.first?.value
        #expect(scraped == 1)

        try base.moveHolderAway()
        one.kill()
        _ = try devices[4].act(at: two)
        try base.waits { try base.holder != first }
        let second = try base.holder
        try base.waits {
            try base.query("SELECT count(*) FROM offers WHERE outcome = 'open'") == "0"
        }
        #expect(two.logged.contains("this server steps rollouts from now on"), "\(two.logged)")
        #expect(two.logged.contains("instead_of=\(first)"), "\(two.logged)")

        // Whoever is started again on the same machine sees that nobody is there.
        two.kill()
        let three = try servers.another("three")
        try base.waits { try base.holder != second }
        #expect(try base.epoch() == 3)
        #expect(try base.query("SELECT count(*) FROM too_many") == "0")
        // In order: at once.
        #expect(three.stop() == 0)
        #expect(try base.holder == "")
    }

    @Test func whoeverWasPausedChangesNothingMore() throws {
        let base = try Watched(PostgresServer.shared.get(), limit: 3)
        let servers = try ServerGroup(on: base.address)
        let one = servers.first
        try base.watch()
        try base.waits { try !base.holder.isEmpty }
        let first = try base.holder
        let two = try servers.another("two")
        var devices = try Self.devices(12, one)
        try Self.enrol(&devices, one)
        try one.startRollout(concurrent: 3, overdueAfter: "1s")
        try Self.act(&devices, at: [one, two]) { $0.contains { !$0.offers.isEmpty } }

        try base.moveHolderAway()
        one.pause()
        defer { one.goOn() }
        try Self.act(&devices, at: [two]) { _ in try base.holder != first }
        try base.query("TRUNCATE writers")
        // It takes an offer and falls silent, so that there is something to step.
        var silent = [try FleetDevice(50, token: one.enrolmentToken)]
        try Self.act(&silent, at: [two]) { !$0[0].offers.isEmpty }
        one.goOn()
        try base.waits { one.logged.contains("another server steps rollouts from now on") }
        let offer = try #require(silent[0].offers.first)
        try base.waits {
            try base.query("SELECT outcome FROM offers WHERE nonce = '\(offer)'") == "failed"
        }
        let writers = try base.query("SELECT DISTINCT name FROM writers")
        #expect(writers == "two")
        #expect(try base.epoch() == 2)
        #expect(try base.query("SELECT count(*) FROM too_many") == "0")
        // It is a good server still.
        var late = try FleetDevice(99, token: one.enrolmentToken)
        let isAnswered = try late.act(at: one)
        #expect(isAnswered)
    }

    @Test func nothingAcknowledgedIsLostWhenAStandbyTakesOver() throws {
        let primary = try PostgresServer(isDurable: true)
        let base = try Watched(primary, limit: 4)
        let standby = try PostgresServer(standbyOf: primary)
        let servers = try ServerGroup(on: primary.address(of: base.address, or: standby))
        let one = servers.first
        let two = try servers.another("two")
        try base.watch()
        var devices = try Self.devices(24, one)
        try Self.enrol(&devices, one)
        try one.startRollout(concurrent: 4, overdueAfter: "10m")
        try Self.act(&devices, at: [one, two]) { $0.count { $0.proven != nil } >= 6 }

        try primary.kill()
        // Every answer is right, or says when to come back.
        for index in devices.indices { _ = try devices[index].act(at: index % 2 == 0 ? one : two) }
        try standby.promote()
        try Self.act(&devices, at: [one, two]) { $0.allSatisfy { $0.proven != nil } }

        func query(_ statements: String) throws -> String {
            try standby.query(standby.address(of: base.address, or: standby), statements)
        }
        try base.waits { try query("SELECT state FROM rollouts") == "completed" }
        #expect(try query("SELECT count(*) FROM too_many") == "0")
        for device in devices {
            let sequence = try query("SELECT sequence FROM devices WHERE id = '\(device.id)'")
            #expect(Int64(sequence) ?? 0 >= device.answered)
            let kept = try query(
                "SELECT count(*) FROM offers WHERE device = '\(device.id)' AND nonce IN"
                    + " ('\(Set(device.offers.map(\.text)).joined(separator: "', '"))')")
            #expect(kept == "\(Set(device.offers).count)", "\(device)")
            #expect(
                try query("SELECT outcome FROM offers WHERE nonce = '\(must(device.proven))'")
                    == "proven")
        }
        // No effect twice: one proof of each.
        #expect(try query("SELECT count(*) FROM offers WHERE outcome = 'proven'") == "24")
        let checked = try ServerProcess.run(
            "slipway-server", ["check", "--store", servers.store])
        #expect(checked.code == 0, "\(checked.words)")
    }

    @Test func aTableThatSomebodyHasLockedIsWaitedForInBounds() throws {
        let base = try Watched(PostgresServer.shared.get(), limit: 9)
        let servers = try ServerGroup(on: base.address)
        var devices = try Self.devices(1, servers.first)
        try Self.enrol(&devices, servers.first)
        let lock = try PostgresLock(base.server, base.address, on: "devices")
        let isAnswered = try devices[0].act(at: servers.first)
        #expect(!isAnswered)
        lock.release()
        try Self.act(&devices, at: [servers.first]) { $0.allSatisfy { $0.answered > 1 } }
    }
}
