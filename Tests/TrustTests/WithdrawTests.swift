import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Images that are taken back: their paths, versions and digests stay taken.
@Suite struct WithdrawTests {
    private func withdrawn(_ images: [SignedImage]) throws -> Keeper {
        var keeper = try Keeper()
        for image in images { try keeper.publish(image) }
        try keeper.publish(.withdraw(images))
        return keeper
    }

    private func accept(_ change: TargetsChange, in keeper: Keeper) throws {
        _ = try keeper.repository.accept([.targets: keeper.signed(change)], now: now)
    }

    @Test func isGoneForClients() throws {
        let keeper = try withdrawn([image("a")])
        #expect(keeper.repository.images == [])
        #expect(keeper.repository.withdrawn.map(\.path.text) == ["a"])
        #expect(keeper.repository.withdrawn.map(\.release) == [try image().release])
        #expect(keeper.repository.withdrawn.map(\.sha256) == [try digest(1)])
        var client = Client(new: keeper)
        #expect(try client.find("a", in: keeper) == nil)
    }

    @Test func takesSeveralBackAtOnceAndKeepsTheRest() throws {
        var keeper = try Keeper()
        let all = try (1...3).map { number in
            try image(
                "a\(number)", digest: UInt8(number), release: "acme-gateway \(number).0")
        }
        for image in all { try keeper.publish(image) }
        try keeper.publish(.withdraw([all[0], all[2]]))
        #expect(keeper.repository.images == [all[1]])
        #expect(keeper.repository.withdrawn.map(\.path.text) == ["a1", "a3"])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isTaken: Bool
        let image: @Sendable () throws -> SignedImage
    }

    /// What may be published after `a` with digest 1 of acme-gateway 2.4.1 for gw-2 was withdrawn.
    static let rows = [
        Row(testDescription: "the same again", isTaken: false) { try image("a") },
        Row(testDescription: "the same path with other bytes", isTaken: false) {
            try image("a", digest: 2)
        },
        Row(testDescription: "the same path for another release", isTaken: false) {
            try image("a", digest: 2, release: "acme-gateway 2.4.2")
        },
        Row(testDescription: "other bytes for the release", isTaken: false) {
            try image("b", digest: 2)
        },
        Row(testDescription: "other bytes for the release and other hardware", isTaken: false) {
            try image("b", digest: 2, hardware: ["gw-3"])
        },
        Row(testDescription: "the same bytes under another path", isTaken: true) {
            try image("b")
        },
        Row(testDescription: "another release", isTaken: true) {
            try image("b", digest: 2, release: "acme-gateway 2.4.2")
        },
        Row(testDescription: "the same version of another product", isTaken: true) {
            try image("b", digest: 2, release: "other 2.4.1")
        },
    ]

    @Test(arguments: rows)
    func leavesItsPlaceTaken(row: Row) throws {
        let keeper = try withdrawn([image("a")])
        let new = try row.image()
        if row.isTaken {
            try accept(.add(new), in: keeper)
            #expect(keeper.repository.refusal(of: new) == nil)
        } else {
            #expect(throws: PublishRefusal.withdrawn(new.release)) {
                try accept(.add(new), in: keeper)
            }
            #expect(keeper.repository.refusal(of: new) == .withdrawn(new.release))
        }
    }

    /// Nothing about a withdrawn image may be forgotten or changed.
    @Test(
        arguments: [
            { $0.editing("x-slipway-withdrawn", to: nil) },
            { $0.editing("x-slipway-withdrawn", "a", to: nil) },
            {
                $0.editing(
                    "x-slipway-withdrawn", "a", "sha256",
                    to: .string(String(repeating: "0", count: 64))
                )
            },
            { $0.editing("x-slipway-withdrawn", "a", "release", to: "acme-gateway 9.0") },
        ] as [@Sendable (JSONObject) -> JSONObject])
    func staysOnTheList(edit: @Sendable (JSONObject) -> JSONObject) throws {
        let keeper = try withdrawn([image("a")])
        let path = try image("a").image.path
        let document = try JSONFields(
            FakeRepository.envelope(keeper.signed(.renew)).signed
        ).members
        let bytes = try FakeRepository().sign(edit(document), by: [key(5), key(6)])
        #expect(throws: PublishRefusal.changes(path)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    /// A note of other bytes does not take an image back.
    @Test(arguments: [("sha256", String(repeating: "0", count: 64)), ("release", "acme-gateway 9")])
    func isTakenBackOnlyByItsOwnDigestAndRelease(member: String, value: String) throws {
        var keeper = try Keeper()
        let image = try image("a")
        try keeper.publish(image)
        let document = try JSONFields(
            FakeRepository.envelope(keeper.signed(.withdraw([image]))).signed
        ).members.editing("x-slipway-withdrawn", "a", member, to: .string(value))
        let bytes = try FakeRepository().sign(document, by: [key(5), key(6)])
        #expect(throws: PublishRefusal.changes(image.image.path)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    /// Listed and withdrawn at once: clients would still install it.
    @Test func isListedOrWithdrawnButNotBoth() throws {
        var keeper = try Keeper()
        try keeper.publish(image("b", digest: 2, release: "acme-gateway 2.4.2"))
        let document = try JSONFields(
            FakeRepository.envelope(keeper.signed(.add(image("a")))).signed
        ).members.setting(
            "x-slipway-withdrawn",
            to: [
                "a": ["release": "acme-gateway 2.4.1", "sha256": .string(digest(1).hex)]
            ])
        let bytes = try FakeRepository().sign(document, by: [key(5), key(6)])
        #expect(throws: PublishRefusal.withdrawn(try release("acme-gateway 2.4.1"))) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    @Test(
        arguments: [
            ([], "x-slipway-withdrawn: expected an object, found an array"),
            (["a": []], "x-slipway-withdrawn.a: expected an object, found an array"),
            (
                ["a": ["release": "x 1"]],
                "x-slipway-withdrawn.a.sha256: expected a string, found nothing"
            ),
            (
                ["a": ["release": "x 1", "sha256": "00"]],
                "x-slipway-withdrawn.a.sha256: expected a withdrawn image"
            ),
            (
                ["a": ["release": "x", "sha256": .string(String(repeating: "0", count: 64))]],
                "x-slipway-withdrawn.a.sha256: expected a withdrawn image"
            ),
            (
                ["../a": ["release": "x 1", "sha256": .string(String(repeating: "0", count: 64))]],
                "x-slipway-withdrawn.../a.sha256: expected a withdrawn image"
            ),
        ] as [(JSONValue, String)])
    func refusesAListThatIsNone(list: JSONValue, problem: String) throws {
        var repository = try FakeRepository()
        try repository.publish(.targets) { $0.setting("x-slipway-withdrawn", to: list) }
        var client = Client(new: repository)
        #expect(throws: TrustError.malformed(.targets, problem: problem)) {
            try client.refresh(from: repository)
        }
    }

    /// A path that one role withdrew no other role can use.
    @Test func staysTakenForEveryRole() throws {
        var fake = try FakeRepository()
        try fake.write(.targets, trusting: [FakeDelegation(name: "x", keys: [40])])
        try fake.write(delegated("x"), keys: [40])
        var keeper = try Keeper(fake)
        let x = try delegated("x")
        try keeper.publish(image("a"))
        try keeper.publish(.withdraw([image("a")]))
        for new in [try image("a"), try image("b", digest: 2)] {
            let bytes = try keeper.signed(.add(new), of: x, by: [40])
            #expect(throws: PublishRefusal.withdrawn(new.release)) {
                try keeper.repository.accept([x: bytes], now: now)
            }
        }
    }
}
