import JSON
import Model
import OpenSSL
import Testing
import Trust

@Suite struct RefreshTests {
    @Test func fetchesAndStoresEveryRoleInOrderWhenNothingIsTrustedYet() throws {
        let repository = try FakeRepository()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        #expect(
            client.log == [
                "fetch 2.root.json", "fetch timestamp.json", "store timestamp",
                "fetch 1.snapshot.json", "store snapshot", "fetch 1.targets.json", "store targets",
            ])
        #expect(try client.stored == repository.stored())
    }

    @Test func makesTwoFetchesWhenNothingIsNew() throws {
        let repository = try FakeRepository.aged()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        let set = try client.refresh(from: repository)
        #expect(client.log == ["fetch 2.root.json", "fetch timestamp.json"])
        #expect(set.targets?.version == 4)
    }

    @Test func findsNewTargets() throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        let image = try image()
        try repository.publish(image)
        let set = try client.refresh(from: repository)
        #expect(try set.targets?.images() == [image.image.path: image])
        #expect(
            client.fetches == [
                "2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json",
            ])
    }

    @Test func fetchesNoTargetsWhenOnlyTheTimestampIsNew() throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        try repository.publish(.timestamp)
        try client.refresh(from: repository)
        #expect(client.log == ["fetch 2.root.json", "fetch timestamp.json", "store timestamp"])
    }

    @Test func fetchesNoTargetsWhenTheSnapshotNamesTheStoredOnes() throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        try repository.publish(.snapshot)
        try client.refresh(from: repository)
        #expect(client.fetches == ["2.root.json", "timestamp.json", "2.snapshot.json"])
    }

    @Test func asksForNoMoreBytesThanTheMetadataAboveTells() throws {
        let repository = try FakeRepository()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        #expect(
            client.limitBytes == [
                "2.root.json": Limits.tests.rootBytes,
                "timestamp.json": Limits.tests.timestampBytes,
                "1.snapshot.json": try repository.bytes(of: .snapshot).count,
                "1.targets.json": try repository.bytes(of: .targets).count,
            ])
    }

    @Test(arguments: [1_000_000, Int64.max])
    func letsNoMetadataWidenItsLimits(length: Int64) throws {
        var repository = try FakeRepository()
        try repository.publish(.snapshot) {
            $0.editing("meta", "targets.json", to: ["version": 1, "length": .integer(length)])
        }
        try repository.publish(.timestamp) {
            $0.editing("meta", "snapshot.json", "length", to: nil)
        }
        var client = Client(new: repository)
        #expect(refusal { try client.refresh(from: repository) } == .wrongBytes(.targets))
        #expect(client.limitBytes["2.snapshot.json"] == Limits.tests.snapshotBytes)
        #expect(client.limitBytes["1.targets.json"] == Limits.tests.targetsBytes)
    }

    @Test func usesPlainNamesWithoutConsistentSnapshots() throws {
        var repository = try FakeRepository()
        try repository.publish(.root) { $0.editing("consistent_snapshot", to: false) }
        repository.files["snapshot.json"] = repository.files["1.snapshot.json"]
        repository.files["targets.json"] = repository.files["1.targets.json"]
        var client = Client(new: repository)
        try client.refresh(from: repository)
        #expect(
            client.fetches == [
                "2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json",
            ])
    }

    // MARK: - What is stored

    @Test(arguments: [RoleName.timestamp, .snapshot, .targets])
    func fetchesAgainWhatWasDamagedInTheStore(role: RoleName) throws {
        let repository = try FakeRepository.aged()
        for damage in [[], [0xff], Array("{}".utf8)] as [[UInt8]] {
            var client = Client(try repository.stored())
            switch role {
            case .timestamp: client.stored.timestamp = damage
            case .snapshot: client.stored.snapshot = damage
            case .targets: client.stored.targets = damage
            case .root, .offer, .delegated: Issue.record("not stored, or not replaceable")
            }
            try client.refresh(from: repository)
            #expect(try client.stored == repository.stored())
            #expect(client.log.contains("store \(role.text)"))
        }
    }

    @Test func refusesADamagedStoredRoot() throws {
        let repository = try FakeRepository()
        var client = Client(new: repository)
        client.stored.root = []
        #expect(throws: TrustError.self) { try client.refresh(from: repository) }
        #expect(client.log.isEmpty)
    }

    @Test(arguments: [RoleName.timestamp, .snapshot, .targets])
    func isNotBlockedByStoredMetadataThatHasExpired(role: RoleName) throws {
        var repository = try FakeRepository.aged()
        try repository.publish(role) { $0.editing("expires", to: .string("\(at(1010))")) }
        var client = Client(new: repository)
        try client.refresh(from: repository)
        try repository.publish(.targets)
        let set = try client.refresh(from: repository, at: at(1500))
        #expect(set.targets?.version == (try repository.version(of: .targets)))
    }

    @Test func keepsTheTrustedTimestampWhenAnotherOfItsVersionArrives() throws {
        var repository = try FakeRepository.aged()
        try repository.publish(.timestamp) { $0.editing("expires", to: .string("\(at(1500))")) }
        var client = Client(new: repository)
        try client.refresh(from: repository)
        let kept = client.stored
        let version = try repository.version(of: .timestamp)
        try repository.publish(.timestamp) { $0.editing("version", to: .integer(version)) }
        let set = try client.refresh(from: repository)
        #expect(client.stored == kept)
        #expect(set.timestamp?.expires == at(1500))
        // Its own expiry counts, not that of the one that was dropped.
        #expect(throws: TrustError.expired(.timestamp, at: at(1500))) {
            try client.refresh(from: repository, at: at(1500))
        }
    }

    @Test func fetchesASnapshotOfTheNamedVersionButWithOtherBytes() throws {
        let repository = try FakeRepository.aged()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        client.stored.snapshot = try repository.sign(
            JSONFields(FakeRepository.envelope(repository.bytes(of: .snapshot)).signed).members
                .setting("x", to: 1), by: [key(4)])
        try client.refresh(from: repository)
        #expect(client.fetches == ["2.root.json", "timestamp.json", "4.snapshot.json"])
        #expect(try client.stored == repository.stored())
    }

    // MARK: - Written otherwise

    @Test func acceptsTheSameMetadataInAnotherWriting() throws {
        var repository = try FakeRepository()
        try repository.publish(image())
        let pretty: ([UInt8]) throws -> [UInt8] = { bytes in
            let text = try JSONValue(parsing: bytes, limits: .standard(bytes: 10_000)).prettyText
            return Array(text.replacing("\"sha256\"", with: "\"\\u0073ha256\"").utf8)
        }
        try repository.publish(.targets, wrap: pretty)
        try repository.publish(.snapshot, wrap: pretty)
        try repository.publish(.timestamp, wrap: pretty)
        var client = Client(new: repository)
        #expect(try client.refresh(from: repository).targets?.images().count == 1)
        #expect(try client.stored == repository.stored(), "bytes are stored as they came")
    }

    /// TUF 4: a client must not choke on what a later version adds.
    @Test(arguments: [RoleName.root, .timestamp, .snapshot, .targets])
    func toleratesMembersItDoesNotKnow(role: RoleName) throws {
        var repository = try FakeRepository()
        try repository.publish(role) { $0.editing("x-new", to: ["a": [1, .null]]) }
        var client = Client(new: repository)
        #expect(throws: Never.self) { try client.refresh(from: repository) }
    }

    @Test func ignoresASignatureOfAStrangerBesideEnoughOthers() throws {
        var repository = try FakeRepository()
        try repository.publish(.targets, signers: [key(99), key(5), key(6)])
        var client = Client(new: repository)
        #expect(throws: Never.self) { try client.refresh(from: repository) }
    }

    /// TUF conformance: one invalid signature beside a sufficient one is accepted.
    @Test func toleratesAnInvalidSignatureBesideEnoughOthers() throws {
        var repository = try FakeRepository()
        try repository.rotate(.timestamp, to: [key(3), key(8)], threshold: 1)
        try repository.publish(.timestamp, wrap: { try spoilingSignature(of: key(8), in: $0) })
        var client = Client(new: repository)
        #expect(throws: Never.self) { try client.refresh(from: repository) }
    }

    private func spoilingSignature(of key: PrivateKey, in bytes: [UInt8]) throws -> [UInt8] {
        let envelope = try FakeRepository.envelope(bytes)
        return SignedEnvelope(
            signed: try JSONFields(envelope.signed).members,
            signatures: envelope.signatures.map {
                $0.keyID == key.keyID.text
                    ? .init(keyID: $0.keyID, bytes: Array(repeating: 7, count: 64)) : $0
            }
        ).bytes
    }

    @Test func refusesEverySingleBitThatIsChanged() throws {
        let repository = try FakeRepository()
        let good = try repository.bytes(of: .timestamp)
        for bit in 0..<(good.count * 8) {
            var changed = repository
            changed.files["timestamp.json"]?[bit / 8] ^= 1 << (bit % 8)
            var client = Client(new: repository)
            #expect(throws: TrustError.self, "bit \(bit)") { try client.refresh(from: changed) }
            #expect(client.stored.timestamp == nil)
        }
    }

    @Test(arguments: [RoleName.root, .timestamp, .snapshot, .targets])
    func refusesEveryTruncation(role: RoleName) throws {
        var repository = try FakeRepository()
        repository.listing = .nothing
        try repository.publish(.root)
        try repository.publish(.targets)
        let name = try repository.name(of: role)
        let good = try repository.bytes(of: role)
        for count in stride(from: 0, to: good.count, by: 7) {
            repository.files[name] = Array(good.prefix(count))
            var client = Client(new: repository)
            #expect(throws: TrustError.self) { try client.refresh(from: repository) }
        }
    }
}
