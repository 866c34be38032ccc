import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What the keeper of a repository takes.
@Suite struct AcceptTests {
    /// A repository with the plain image published through the front door.
    private func withOneImage() throws -> Keeper {
        var keeper = try Keeper()
        try keeper.publish(image())
        return keeper
    }

    private func accept(
        _ change: TargetsChange, in keeper: Keeper, expires: Instant = at(9000),
        by signers: [UInt8] = [5, 6]
    ) throws -> [AcceptedMetadata] {
        try keeper.repository.accept(
            [.targets: keeper.signed(change, expires: expires, by: signers)], now: now)
    }

    /// The next targets of the repository, spoiled and then signed as they should be.
    private func spoiled(
        _ keeper: Keeper, edit: (JSONObject) throws -> JSONObject
    ) throws -> [UInt8] {
        let bytes = try keeper.signed(.add(image("other.raw", release: "other 1.0")))
        let document = try JSONFields(FakeRepository.envelope(bytes).signed).members
        return try FakeRepository().sign(edit(document), by: [key(5), key(6)])
    }

    private func next() throws -> TargetsChange {
        .add(try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2"))
    }

    @Test func refusesTargetsWithoutEnoughSignatures() throws {
        let keeper = try withOneImage()
        let error = TrustError.tooFewSignatures(.targets, valid: 1, threshold: 2)
        #expect(throws: PublishRefusal.untrusted(error)) {
            try accept(next(), in: keeper, by: [5, 4])
        }
    }

    @Test(arguments: [999, 1000] as [Int64])
    func refusesTargetsThatHaveExpired(second: Int64) throws {
        let keeper = try withOneImage()
        #expect(throws: PublishRefusal.untrusted(.expired(.targets, at: at(second)))) {
            try accept(next(), in: keeper, expires: at(second))
        }
    }

    @Test(arguments: [1, 2, 4] as [Int64])
    func refusesTargetsThatDoNotFollow(version: Int64) throws {
        let keeper = try withOneImage()
        let bytes = try spoiled(keeper) { $0.setting("version", to: .integer(version)) }
        #expect(throws: PublishRefusal.outdated(.targets, offered: version, current: 2)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    @Test func refusesTargetsThatAreTooLong() throws {
        let keeper = try withOneImage()
        let bytes = try spoiled(keeper) { $0 }
        let spaces = [UInt8](repeating: 0x20, count: Limits.tests.targetsBytes)
        let error = TrustError.tooLong(.targets, limitBytes: Limits.tests.targetsBytes)
        #expect(throws: PublishRefusal.untrusted(error)) {
            try keeper.repository.accept([.targets: bytes + spaces], now: now)
        }
    }

    @Test func refusesThatAPublishedImageVanishes() throws {
        let keeper = try withOneImage()
        let path = try image().image.path
        let bytes = try spoiled(keeper) { $0.editing("targets", path.text, to: nil) }
        #expect(throws: PublishRefusal.changes(path)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    static let changes: [(String, @Sendable () throws -> SignedImage)] = [
        ("other bytes", { try image(digest: 2) }),
        ("another version", { try image(release: "acme-gateway 2.4.9") }),
        ("more hardware", { try image(hardware: ["gw-2", "gw-3"]) }),
        ("other stepping stones", { try image(from: ["2.0"]) }),
        ("a lower counter", { try image(counter: 2) }),
        ("a higher counter and other bytes", { try image(digest: 2, counter: 4) }),
        ("a higher counter and more hardware", { try image(hardware: ["gw-2", "x"], counter: 4) }),
        ("a higher counter and other stepping stones", { try image(from: ["2.0"], counter: 4) }),
        ("a higher counter and another name", { try image(release: "other 2.4.1", counter: 4) }),
    ]

    @Test(arguments: changes.indices)
    func refusesThatAPublishedImageGetsOther(index: Int) throws {
        var keeper = try Keeper()
        try keeper.publish(image(counter: 3))
        let changed = try Self.changes[index].1()
        #expect(throws: PublishRefusal.changes(changed.image.path), "\(Self.changes[index].0)") {
            try accept(.add(changed), in: keeper)
        }
    }

    @Test func takesAPublishedImageWithAHigherCounter() throws {
        var keeper = try Keeper()
        try keeper.publish(image(counter: 3))
        try keeper.publish(image(counter: 4))
        #expect(keeper.repository.images.map(\.counter) == [4])
    }

    @Test func refusesASecondImageOfAReleaseForTheSameHardware() throws {
        let keeper = try withOneImage()
        let published = try image()
        let second = try image("acme/again.raw", digest: 2, hardware: ["gw-3", "gw-2"])
        #expect(throws: PublishRefusal.twoImages(published.release, published.image.path)) {
            try accept(.add(second), in: keeper)
        }
    }

    @Test func takesAnImageOfAReleaseForOtherHardware() throws {
        let keeper = try withOneImage()
        let second = try image("acme/gw-3.raw", digest: 2, hardware: ["gw-3"])
        #expect(try accept(.add(second), in: keeper).flatMap(\.images).contains(second))
    }

    @Test func saysWhyItRefuses() throws {
        let image = try image()
        let refusals: [(PublishRefusal, String)] = [
            (.untrusted(.missing(.targets)), "targets metadata is named but not there"),
            (
                .outdated(.targets, offered: 2, current: 4),
                "targets version 2 does not follow version 4"
            ),
            (.changes(image.image.path), "acme/2.4.1.raw is published and cannot be changed"),
            (
                .twoImages(image.release, image.image.path),
                "acme-gateway 2.4.1 already has an image for that hardware: acme/2.4.1.raw"
            ),
            (.withdrawn(image.release), "acme-gateway 2.4.1 was withdrawn; use a new version"),
        ]
        for (refusal, text) in refusals { #expect("\(refusal)".hasPrefix(text)) }
    }
}
