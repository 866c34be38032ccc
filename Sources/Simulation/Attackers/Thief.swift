internal import Model
internal import Stores
internal import Rollouts
internal import Trust
internal import Wire

/// Somebody who has the server, its database, its keys and its network, and one of the offline keys.
struct Thief {
    /// What he serves instead of the repository's files, by name.
    var metadata: [String: [UInt8]] = [:]
    var images: [String: [UInt8]] = [:]
    /// What he wants devices to run; one of these for each.
    var wanted: [SignedImage] = []
}

extension FleetSimulation {
    /// Thinks of something else.
    func actAsThief() {
        thief = Thief()
        guard let published = keeper.published() else { return }
        do {
            // Most thieves go one way: what one does may keep devices from whatever another does.
            let ways = luck.generator("the thief's way").nextWay
            switch ways.isEmpty ? luck.number(0...4, "thief") : luck.choice(ways, "thief") {
            case 0: try serveEvilTargets(published)
            case 1: try serveEvilRoot(published)
            case 2: offerAgain(published)
            case 3: serveOldFiles()
            default: tamper()
            }
        } catch { note("attacker", "fails: \(error)") }
    }

    private func makeEvil() throws -> SignedImage {
        let bytes = Array("evil ".utf8) + luck.bytes(500, "thief")
        guard let release = ReleaseID("\(Keeper.product) 99.0.0"),
            let path = TargetPath("\(Keeper.product)/99.0.0/evil.img"),
            let image = ImageReference(
                path: path, sha256: cryptography.hashing.sha256(bytes), length: Int64(bytes.count))
        else { preconditionFailure("that is an image") }
        thief.images[image.publishedName] = bytes
        evilBytes.append(bytes)
        let signed = try SignedImage(
            image, release: release, hardware: Set(FleetSimulation.models.map(keeper.model)),
            from: [], counter: 1)
        thief.wanted = [signed]
        return signed
    }

    /// Targets that one key of three has signed, and everything else as it must be.
    private func serveEvilTargets(_ published: PublishedRepository) throws {
        let image = try makeEvil()
        let stolen = keeper.targetsKeys[0]
        let targets = try writer.targets(
            following: published.targets, .list([image]), expires: end,
            signers: [stolen] + keeper.oldKeys)
        try serve(targets, version: published.targets.version + 1, published)
        note("attacker", "serves targets that one stolen key has signed")
    }

    /// A root that names his own key, signed by one key of three.
    private func serveEvilRoot(_ published: PublishedRepository) throws {
        let image = try makeEvil()
        let own = SimulatedKey(&luck, "attacker", ring)
        var draft = RootDraft(following: published.root)
        draft.set(.targets, try RoleSigners(keys: [own.publicKey], threshold: 1))
        draft.set(.root, try RoleSigners(keys: [own.publicKey], threshold: 1))
        thief.metadata["\(draft.version).root.json"] = try writer.root(
            draft, signers: [keeper.rootKeys[0], own] + keeper.oldKeys)
        let targets = try writer.targets(
            following: published.targets, .list([image]), expires: end, signers: [own])
        try serve(targets, version: published.targets.version + 1, published)
        note("attacker", "serves a root that one stolen key has signed")
    }

    private func serve(
        _ targets: [UInt8], version: Int64, _ published: PublishedRepository
    ) throws {
        let snapshot = try writer.snapshot(
            following: published.snapshot,
            changed: [.targets: PublishedFile(version: version, bytes: targets)], expires: end,
            signers: [keeper.online.snapshot])
        let number = published.snapshot.version + 1
        thief.metadata["\(version).targets.json"] = targets
        thief.metadata["\(number).snapshot.json"] = snapshot
        thief.metadata["timestamp.json"] = try writer.timestamp(
            version: published.timestamp.version + 1,
            snapshot: PublishedFile(version: number, bytes: snapshot), expires: end,
            signers: [keeper.online.timestamp])
    }

    private var writer: RepositoryWriter { RepositoryWriter(cryptography: cryptography) }
    private var end: Instant { clock.now.advanced(by: .seconds(86_400)) }

    /// Images that are really signed, to whomever they are too old for, or of other hardware.
    private func offerAgain(_ published: PublishedRepository) {
        note("attacker", "offers images to devices that they are not for")
        thief.wanted = published.images
    }

    /// Everything as it was at some moment before.
    private func serveOldFiles() {
        note("attacker", "serves old metadata")
        for name in repository.names {
            if let old = repository.old(name).first { thief.metadata[name] = old }
        }
        thief.wanted = keeper.firmware.map(\.signed)
    }

    /// Changes the tables so that the server itself offers what he wants.
    private func tamper() {
        note("attacker", "changes the database")
        let image = luck.choice(keeper.firmware, "thief").signed
        let texts = [
            "UPDATE images SET sha256 = '\(image.image.sha256.hex)', downgrade = 1",
            "UPDATE images SET hardware = 'gw-1'", "UPDATE images SET hardware = 'gw-2'",
            "UPDATE images SET downgrade = 1, from_versions = ''",
            "UPDATE rollouts SET state = 'completed', since_s = created_s, wave = NULL, reason = NULL",
            "UPDATE offers SET sha256 = '\(image.image.sha256.hex)', path = '\(image.image.path)'"
                + " WHERE outcome = 'open'",
        ]
        try? database.tamper(luck.choice(texts, "thief"))
    }

    /// An answer that offers what the thief wants, signed by the server's own key.
    func forgedByThief(_ answer: [UInt8], to device: SimulatedDevice) -> [UInt8] {
        guard !thief.wanted.isEmpty, luck.happens(1, in: 2, "thief"),
            let directive = try? SignedMessage<Directive>(parsing: answer, limitBytes: 65_536),
            let nonce = Nonce("thief-\(now)"), let rollout = RolloutName("evil")
        else { return answer }
        let evil = luck.choice(thief.wanted, "thief")
        let offer = Offer(
            device: device.id, nonce: nonce, rollout: rollout, wave: 0, release: evil.release,
            image: evil.image, expires: end)
        let key = keeper.online.offer
        let keyID = key.publicKey.keyID(hashing: cryptography.hashing)
        guard
            let signed = try? SignedMessage(
                signing: offer, keyID: keyID, with: { try key.sign($0) })
        else { return answer }
        var forged = directive.unverified
        forged.order = .offer(signed)
        note("attacker", "offers \(evil.release) to \(device.id)")
        return sign(forged, by: key) ?? answer
    }
}

extension SeededGenerator {
    /// What a thief with this luck does; empty for everything in turn.
    fileprivate var nextWay: [Int64] {
        var generator = self
        let ways: [[Int64]] = [[0], [1], [2], [2, 4], [3], []]
        return ways[Int(generator.next() % UInt64(ways.count))]
    }
}
