import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Images at the keeper's, found as a client would find them.
@Suite struct ResolutionTests {
    /// No client would find it there: others are asked for such a path.
    @Test func anImageOutsideTheRolesPathsIsRefused() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40], paths: ["acme/*"]))
        let x = try delegated("x")
        try keeper.publish(.renew, of: x, by: [40])
        let outside = try image("other/1.raw")
        let bytes = try keeper.signed(.add(outside), of: x, by: [40])
        let refusal = PublishRefusal.notFound(outside.image.path, x)
        #expect(throws: refusal) { try keeper.repository.accept([x: bytes], now: now) }
        #expect("\(refusal)" == "\"x\" may not speak for other/1.raw")
    }

    @Test func anImageThatAnotherRoleAnswersForIsRefused() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40]))
        let x = try delegated("x")
        try keeper.publish(.renew, of: x, by: [40])
        try keeper.publish(image("a"))
        let bytes = try keeper.signed(.add(image("a", digest: 9)), of: x, by: [40])
        #expect(throws: PublishRefusal.notFound(try image("a").image.path, x)) {
            try keeper.repository.accept([x: bytes], now: now)
        }
    }

    /// It lies there already, signed by somebody who may not: the keeper sees what a client sees.
    @Test func anImageOutsideTheRolesPathsIsNotThere() throws {
        let outside = try image("other/1.raw")
        var author = try Keeper()
        try author.publish(outside)
        var fake = try FakeRepository()
        try fake.write(
            .targets, trusting: [FakeDelegation(name: "x", keys: [40], paths: ["acme/*"])])
        try fake.write(delegated("x"), keys: [40])
        let signed = try #require(author.repository.stored.targets)
        let targets = try JSONFields(FakeRepository.envelope(signed).signed).members["targets"]
        try fake.publish(delegated("x")) { $0.setting("targets", to: targets ?? [:]) }
        var keeper = try Keeper(fake)
        #expect(keeper.repository.images(listedBy: try delegated("x")).count == 1)
        #expect(keeper.repository.images == [])
        #expect(keeper.repository.role(listing: outside) == nil)
        var client = Client(new: keeper)
        #expect(try client.find("other/1.raw", in: keeper) == nil)
        // What lies there keeps nobody from publishing.
        try keeper.publish(.renew, of: delegated("x"), by: [40])
    }

    /// The first role that lists a path answers for it; a role must not take a path over.
    @Test func noRoleTakesAPublishedPathOver() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40]))
        try keeper.publish(delegation("y", [41]))
        let (x, y) = (try delegated("x"), try delegated("y"))
        try keeper.publish(.renew, of: x, by: [40])
        try keeper.publish(.renew, of: y, by: [41])
        try keeper.publish(.add(image("a")), of: y, by: [41])
        #expect(keeper.repository.role(listing: try image("a")) == y)
        let other = try keeper.signed(.add(image("a", digest: 9)), of: x, by: [40])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([x: other], now: now)
        }
        // Nor by a target that is no image at all.
        var document = try JSONFields(
            FakeRepository.envelope(keeper.signed(.renew, of: x, by: [])).signed
        ).members
        document = document.editing("targets", "a", to: plainTarget)
        let plain = try FakeRepository().sign(document, by: [key(40)])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([x: plain], now: now)
        }
    }

    /// A delegation before it whose role says nothing would stop every search on its way.
    @Test func noDelegationHidesAPublishedImage() throws {
        var fake = try FakeRepository()
        let roles = [
            FakeDelegation(name: "silent", keys: [41]), FakeDelegation(name: "x", keys: [40]),
        ]
        try fake.write(.targets, trusting: [roles[1]])
        try fake.write(delegated("x"), keys: [40])
        var keeper = try Keeper(fake)
        try keeper.publish(.add(image("a")), of: delegated("x"), by: [40])
        let document = try #require(fake.documents[.targets])
            .setting("version", to: 3).setting("delegations", to: .object(delegating(roles)))
        let bytes = try fake.sign(document, by: [key(5), key(6)])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    /// The keeper follows every way there is, but not for ever.
    @Test func refusesARepositoryWithTooManyWays() throws {
        func ladder(_ steps: Int) throws -> FakeRepository {
            var edges = ["targets": ["a0", "b0"]]
            for step in 0..<steps {
                edges["a\(step)"] = ["a\(step + 1)", "b\(step + 1)"]
                edges["b\(step)"] = ["a\(step + 1)", "b\(step + 1)"]
            }
            return try FakeRepository(edges: edges, listers: [])
        }
        #expect(throws: Never.self) { try Keeper(ladder(3)) }
        let result = refusal { try Keeper(ladder(11)) }
        guard case .because(.malformed(_, problem: "too many delegations lead to it")) = result
        else {
            Issue.record("it was read")
            return
        }
    }
}
