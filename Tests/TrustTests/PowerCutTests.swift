import JSON
import Model
import OpenSSL
import Testing
import Trust

/// The power goes off between any two actions of a refresh.
@Suite struct PowerCutTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The roles whose trusted metadata is forgotten on purpose.
        var forgets: Set<RoleName> = []
        /// What a device comes from, and what it finds.
        let repositories: @Sendable () throws -> (old: FakeRepository?, new: FakeRepository)
    }

    static func old() throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.write(
            .targets, trusting: [FakeDelegation(name: "x", keys: [40], paths: ["*"])])
        try repository.write(delegated("x"), listing: ["a"], keys: [40])
        return repository
    }

    /// Whatever can change without a new root has changed.
    static func newer(_ old: FakeRepository) throws -> FakeRepository {
        var new = old
        try new.publish(.targets)
        try new.publish(delegated("x"))
        return new
    }

    static let scenarios: [Scenario] = [
        Scenario(testDescription: "a new device") { (nil, try PowerCutTests.old()) },
        Scenario(testDescription: "everything is new") {
            let old = try PowerCutTests.old()
            return (old, try PowerCutTests.newer(old))
        },
        Scenario(testDescription: "nothing is new") {
            let old = try PowerCutTests.old()
            return (old, old)
        },
        Scenario(testDescription: "several roots and other targets keys") {
            let old = try PowerCutTests.old()
            var new = old
            try new.rotate(.root, to: [key(11), key(12)], threshold: 2)
            try new.rotate(.targets, to: [key(15)], threshold: 1)
            try new.publish(.root)
            return (old, try PowerCutTests.newer(new))
        },
        Scenario(
            testDescription: "another timestamp key", forgets: [.timestamp, .snapshot]
        ) {
            let old = try PowerCutTests.old()
            var new = old
            try new.publish(.root)
            try new.rotate(.timestamp, to: [key(33)], threshold: 1)
            return (old, try PowerCutTests.newer(new))
        },
        Scenario(
            testDescription: "one more snapshot key, and then another",
            forgets: [.timestamp, .snapshot]
        ) {
            let old = try PowerCutTests.old()
            var new = old
            try new.rotate(.snapshot, to: [key(4), key(34)], threshold: 1)
            try new.rotate(.snapshot, to: [key(34)], threshold: 1)
            return (old, try PowerCutTests.newer(new))
        },
        Scenario(
            testDescription: "recovery from a fast-forward attack",
            forgets: [.timestamp, .snapshot]
        ) {
            let good = try PowerCutTests.old()
            var bad = good
            try bad.publish(.timestamp) { $0.setting("version", to: 1_000_000) }
            var mended = good
            try mended.rotate(.timestamp, to: [key(33)], threshold: 1)
            return (bad, try PowerCutTests.newer(mended))
        },
    ]

    private func versions(_ stored: StoredMetadata) throws -> [RoleName: Int64] {
        var versions: [RoleName: Int64] = [:]
        let roles = RoleName.topLevel + stored.delegated.keys.map { RoleName.delegated($0) }
        for role in roles {
            guard let bytes = stored[role] else { continue }
            versions[role] = try StagedMetadata(parsing: bytes, of: role, limits: .tests).version
        }
        return versions
    }

    /// The device as it stands before.
    private func device(_ scenario: Scenario) throws -> (client: Client, new: FakeRepository) {
        let (old, new) = try scenario.repositories()
        guard let old else { return (Client(new: new), new) }
        var client = Client(new: old)
        // Restored by the attacked repository itself, where there was an attack.
        _ = try? client.find("a", in: old)
        return (client, new)
    }

    /// All places where the power may go off, and the device as it then is.
    private func cuts(
        _ device: Client, _ repository: FakeRepository
    ) throws -> [Client] {
        var cuts: [Client] = []
        for actions in 0..<100 {
            var client = device
            client.actionsLeft = actions
            do {
                _ = try client.find("a", in: repository)
                return cuts
            } catch is Client.PowerCut {}
            client.actionsLeft = nil
            cuts.append(client)
        }
        throw Client.EndlessRefresh()
    }

    @Test(arguments: scenarios)
    func theNextRefreshEndsWhereAnUndisturbedOneDoes(scenario: Scenario) throws {
        let (device, new) = try device(scenario)
        var undisturbed = device
        let found = try #require(try undisturbed.find("a", in: new))
        let cuts = try cuts(device, new)
        #expect(cuts.count >= 2)
        for var client in cuts {
            #expect(try client.find("a", in: new) == found)
            #expect(client.stored == undisturbed.stored)
        }
    }

    @Test(arguments: scenarios)
    func nothingIsTrustedLessThanBefore(scenario: Scenario) throws {
        let (device, new) = try device(scenario)
        let before = try versions(device.stored)
        for client in try cuts(device, new) {
            let after = try versions(client.stored)
            for (role, version) in before where !scenario.forgets.contains(role) {
                #expect(after[role, default: 0] >= version, "\(role)")
            }
        }
    }

    /// Whoever cuts the power may also answer with what was there before.
    @Test(arguments: scenarios.filter { $0.forgets.isEmpty })
    func nothingIsTrustedLessWhenTheOldRepositoryAnswers(scenario: Scenario) throws {
        guard let old = try scenario.repositories().old else { return }
        let (device, new) = try device(scenario)
        for var client in try cuts(device, new) {
            let before = try versions(client.stored)
            _ = try? client.find("a", in: old)
            for (role, version) in before {
                #expect(try versions(client.stored)[role, default: 0] >= version, "\(role)")
            }
        }
    }

    /// Two cuts in a row are no worse than one.
    @Test(arguments: scenarios)
    func theNextRefreshSucceedsAfterTwoCuts(scenario: Scenario) throws {
        let (device, new) = try device(scenario)
        var undisturbed = device
        _ = try undisturbed.find("a", in: new)
        for first in try cuts(device, new) {
            for var client in try cuts(first, new) {
                #expect(try client.find("a", in: new) != nil)
                #expect(client.stored == undisturbed.stored)
            }
        }
    }

    /// The order that makes all this true where keys are rotated.
    @Test func forgetsBeforeItStoresTheRootThatMakesItForget() throws {
        var repository = try PowerCutTests.old()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        try repository.rotate(.timestamp, to: [key(33)], threshold: 1)
        try repository.publish(.timestamp)
        try client.refresh(from: repository)
        #expect(
            client.log.prefix(5) == [
                "fetch 2.root.json", "forget timestamp", "forget snapshot", "store root",
                "fetch 3.root.json",
            ])
    }
}
