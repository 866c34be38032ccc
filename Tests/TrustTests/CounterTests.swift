import Model
import OpenSSL
import Testing
import Trust

/// Which release counter a new image gets.
@Suite struct CounterTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Version and counter of what is published.
        let published: [(String, Int64)]
        var version = "2.0"
        let ordinary: Int64
        let afterAll: Int64
    }

    static let rows = [
        Row(testDescription: "the first release", published: [], ordinary: 1, afterAll: 1),
        Row(
            testDescription: "newer than all", published: [("1.0", 1), ("1.5", 1)], ordinary: 1,
            afterAll: 1),
        Row(
            testDescription: "newer than all, of which one was raised",
            published: [("1.0", 7), ("1.5", 2)], ordinary: 7, afterAll: 7),
        Row(testDescription: "older than one", published: [("3.0", 1)], ordinary: 1, afterAll: 2),
        Row(
            testDescription: "older than one that was raised", published: [("3.0", 5)],
            ordinary: 1, afterAll: 6),
        Row(
            testDescription: "between two", published: [("1.0", 2), ("3.0", 4)], ordinary: 2,
            afterAll: 5),
        Row(
            testDescription: "listed already", published: [("2.0", 3), ("1.0", 1)], ordinary: 3,
            afterAll: 3),
        Row(
            testDescription: "listed already, and older than one",
            published: [("2.0", 1), ("3.0", 1)], ordinary: 1, afterAll: 2),
        Row(
            testDescription: "raised already, over one that is newer",
            published: [("2.0", 2), ("3.0", 1)], ordinary: 2, afterAll: 2),
        Row(
            testDescription: "raised far already", published: [("2.0", 9), ("3.0", 1)],
            ordinary: 9, afterAll: 9),
        Row(
            testDescription: "written otherwise, which comes after", published: [("2", 1)],
            ordinary: 1, afterAll: 1),
        Row(
            testDescription: "a prerelease of it is there", published: [("2.0-rc.1", 4)],
            ordinary: 4, afterAll: 4),
    ]

    private func keeper(_ published: [(String, Int64)]) throws -> Keeper {
        var keeper = try Keeper()
        for (index, (version, counter)) in published.enumerated() {
            try keeper.publish(
                image(
                    "i\(index)", digest: UInt8(index), release: "acme-gateway \(version)",
                    counter: counter))
        }
        // Another product has counters of its own.
        try keeper.publish(image("other", digest: 99, release: "other 9.0", counter: 50))
        return keeper
    }

    @Test(arguments: rows)
    func follows(row: Row) throws {
        let repository = try keeper(row.published).repository
        let release = try release("acme-gateway \(row.version)")
        #expect(repository.counter(for: release, afterAll: false) == row.ordinary)
        #expect(repository.counter(for: release, afterAll: true) == row.afterAll)
    }

    /// What comes after all is no downgrade for any device; asking again changes nothing.
    @Test(arguments: rows)
    func everyDeviceMayGoToWhatComesAfterAll(row: Row) throws {
        var keeper = try keeper(row.published)
        let release = try release("acme-gateway \(row.version)")
        let counter = keeper.repository.counter(for: release, afterAll: true)
        let listed = keeper.repository.image(of: release, for: try model("gw-2"))
        let new = try image(
            listed?.image.path.text ?? "new",
            digest: listed.map { $0.image.sha256.bytes[0] } ?? 77,
            release: "acme-gateway \(row.version)", counter: counter)
        try keeper.publish(new)
        for other in keeper.repository.images where other.release.name == release.name {
            #expect(
                new.refusal(
                    by: try model("gw-2"), running: other.release, newest: other.rank) == nil)
        }
        #expect(keeper.repository.counter(for: release, afterAll: true) == counter)
    }

    /// The other images of a release for other hardware share its counter.
    @Test func aReleaseForMoreHardwareKeepsItsCounter() throws {
        var keeper = try Keeper()
        try keeper.publish(image("a", hardware: ["gw-2"], counter: 4))
        try keeper.publish(image("b", digest: 2, release: "acme-gateway 3.0", counter: 1))
        let release = try release("acme-gateway 2.4.1")
        #expect(keeper.repository.counter(for: release, afterAll: false) == 4)
        #expect(keeper.repository.counter(for: release, afterAll: true) == 4)
    }

    @Test func aCounterThatCannotRiseIsRefusedAndNoTrap() throws {
        var keeper = try Keeper()
        try keeper.publish(
            image("a", release: "acme-gateway 3.0", counter: .max - 1))
        let counter = keeper.repository.counter(
            for: try release("acme-gateway 2.0"), afterAll: true)
        #expect(counter == .max)
        #expect(throws: SignedImage.Invalid.counter(.max)) { try image(counter: counter) }
    }
}
