internal import Model
internal import Orchestrator
internal import Trust
internal import Wire

/// Those who hold the offline keys: two of three must sign, for the root as for images.
///
/// What they signed is known here, and from nowhere else.
final class Keeper {
    let ring: KeyRing
    let cryptography: CryptographySuite
    let repository: SimulatedRepository
    private(set) var rootKeys: [SimulatedKey]
    private(set) var targetsKeys: [SimulatedKey]
    private(set) var online: Online
    /// Every key that ever signed offers.
    private(set) var offerKeys: [SimulatedKey] = []
    /// Keys that were replaced, for whoever stole them.
    private(set) var oldKeys: [SimulatedKey] = []
    private(set) var firstRoot: [UInt8] = []
    /// Everything that a threshold ever signed, by digest.
    private(set) var signed: [Digest: [SignedImage]] = [:]
    private(set) var firmware: [Firmware] = []
    private var factories: [HardwareModel: Firmware] = [:]
    /// What was made and is not published yet.
    private(set) var latest: ReleaseID?
    private var rotations = 0

    struct Online {
        var snapshot: SimulatedKey
        var timestamp: SimulatedKey
        var offer: SimulatedKey
    }

    static let threshold = 2
    static let product = "acme-gateway"
    private static let lifetime = Duration.seconds(86_400 * 300)

    init(
        _ luck: inout Luck, _ ring: KeyRing, _ cryptography: CryptographySuite,
        _ repository: SimulatedRepository
    ) throws {
        self.ring = ring
        self.cryptography = cryptography
        self.repository = repository
        rootKeys = (0..<3).map { _ in SimulatedKey(&luck, "root keys", ring) }
        targetsKeys = (0..<3).map { _ in SimulatedKey(&luck, "targets keys", ring) }
        online = Online(
            snapshot: SimulatedKey(&luck, "online keys", ring),
            timestamp: SimulatedKey(&luck, "online keys", ring),
            offer: SimulatedKey(&luck, "online keys", ring))
        offerKeys = [online.offer]
        try writeFirstRepository()
        for model in FleetSimulation.models {
            factories[self.model(model)] = try make("1.0.0", self.model(model), &luck)
        }
    }

    var onlineSigners: OnlineSigners {
        OnlineSigners(snapshot: online.snapshot, timestamp: online.timestamp, offer: online.offer)
    }

    private var writer: RepositoryWriter { RepositoryWriter(cryptography: cryptography) }
    private var expiry: Instant { repository.clock.now.advanced(by: Self.lifetime) }

    func model(_ text: String) -> HardwareModel {
        guard let model = HardwareModel(text) else { preconditionFailure("that is a model") }
        return model
    }

    func factory(_ hardware: HardwareModel) -> Firmware {
        guard let firmware = factories[hardware] else {
            preconditionFailure("every model leaves the factory with something")
        }
        return firmware
    }

    private func writeFirstRepository() throws {
        let roles: [RoleName: RoleSigners] = [
            .root: try RoleSigners(keys: rootKeys.map(\.publicKey), threshold: Self.threshold),
            .targets: try RoleSigners(
                keys: targetsKeys.map(\.publicKey), threshold: Self.threshold),
            .snapshot: try RoleSigners(keys: [online.snapshot.publicKey], threshold: 1),
            .timestamp: try RoleSigners(keys: [online.timestamp.publicKey], threshold: 1),
            .offer: try RoleSigners(keys: [online.offer.publicKey], threshold: 1),
        ]
        firstRoot = try writer.root(
            RootDraft(expires: expiry, roles: roles), signers: Array(rootKeys.prefix(2)))
        let targets = try writer.emptyTargets(
            expires: expiry, signers: Array(targetsKeys.prefix(2)))
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: targets), expires: expiry,
            signers: [online.snapshot])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot),
            expires: repository.clock.now.advanced(by: .seconds(86_400)),
            signers: [online.timestamp])
        repository.put("1.root.json", firstRoot)
        repository.put("1.targets.json", targets)
        repository.put("1.snapshot.json", snapshot)
        repository.put("timestamp.json", timestamp)
    }

    // MARK: Images

    /// Makes an image and signs for it.
    private func make(
        _ version: String, _ hardware: HardwareModel, _ luck: inout Luck,
        defect: Firmware.Defect? = nil, from: Set<Version> = [], counter: Int64 = 1
    ) throws -> Firmware {
        guard let release = ReleaseID("\(Self.product) \(version)"),
            let path = TargetPath("\(Self.product)/\(version)/\(hardware).img")
        else { preconditionFailure("that is a release") }
        let bytes = Firmware.bytes(release, hardware, &luck)
        guard
            let image = ImageReference(
                path: path, sha256: cryptography.hashing.sha256(bytes), length: Int64(bytes.count))
        else { preconditionFailure("an image has bytes") }
        let signedImage = try SignedImage(
            image, release: release, hardware: [hardware], from: from, counter: counter)
        let made = Firmware(signed: signedImage, bytes: bytes, defect: defect)
        firmware.append(made)
        noteSigned(signedImage)
        return made
    }

    private func noteSigned(_ image: SignedImage) {
        signed[image.image.sha256, default: []].append(image)
    }

    /// The images of a new release, for all models.
    func makeRelease(
        _ version: String, _ luck: inout Luck, defect: Firmware.Defect?, from: Set<Version>,
        counter: Int64
    ) throws -> [Firmware] {
        try FleetSimulation.models.map {
            try make(
                version, model($0), &luck, defect: defect, from: from, counter: counter)
        }
    }

    /// The image that a slot holds whole; `nil` when it holds none.
    func firmware(in bytes: [UInt8]?) -> Firmware? {
        guard let bytes else { return nil }
        return firmware.first { bytes.starts(with: $0.bytes) }
    }

    // MARK: Metadata

    /// The repository as it is published; `nil` while it cannot be read.
    func published() -> PublishedRepository? {
        try? PublishedRepository(
            startingAt: firstRoot, cryptography: cryptography, limits: .standard
        ) { name, _ in repository.metadata(name) }
    }

    /// Targets that follow the published ones, signed by a threshold.
    func targets(
        following published: PublishedRepository, _ change: TargetsChange, _ luck: inout Luck
    ) throws -> [UInt8] {
        if case .list(let images) = change { images.forEach(noteSigned) }
        let first = Int(luck.number(0...2, "signers"))
        let signers = [targetsKeys[first], targetsKeys[(first + 1) % 3]]
        return try writer.targets(
            following: published.targets, change, expires: expiry, signers: signers)
    }

    // MARK: Keys

    /// What is to be published, and the keys that hold once it is.
    struct Rotation {
        let files: [String: [UInt8]]
        let apply: () -> Void
    }

    /// Replaces one of the root's keys or of those that sign images.
    func offlineRotation(
        _ published: PublishedRepository, _ luck: inout Luck
    ) throws -> Rotation {
        var draft = RootDraft(following: published.root)
        draft.expires = expiry
        rotations += 1
        let new = SimulatedKey(&luck, "new keys", ring)
        let place = Int(luck.number(0...2, "rotations"))
        var (root, targets) = (rootKeys, targetsKeys)
        let isRoot = luck.happens(1, in: 2, "rotations")
        let old = isRoot ? root[place] : targets[place]
        if isRoot { root[place] = new } else { targets[place] = new }
        draft.set(.root, try RoleSigners(keys: root.map(\.publicKey), threshold: Self.threshold))
        draft.set(
            .targets, try RoleSigners(keys: targets.map(\.publicKey), threshold: Self.threshold))
        // By those of before, and by those of after (TUF 6.1).
        let signers = rootKeys + (isRoot ? [new] : [])
        var files = ["root": try writer.root(draft, signers: signers)]
        if !isRoot {
            files["targets"] = try writer.targets(
                following: published.targets, .renew, expires: expiry, signers: Array(targets))
        }
        return Rotation(files: files) { [unowned self] in
            rootKeys = root
            targetsKeys = targets
            oldKeys.append(old)
        }
    }

    /// Lets root name a new online key beside the one before, or instead of it.
    func onlineRotation(
        of role: RoleName, to new: SimulatedKey, keeping old: SimulatedKey?,
        _ published: PublishedRepository
    ) throws -> [UInt8] {
        var draft = RootDraft(following: published.root)
        draft.expires = expiry
        draft.set(
            role,
            try RoleSigners(
                keys: ([old].compactMap { $0 } + [new]).map(\.publicKey), threshold: 1))
        return try writer.root(draft, signers: rootKeys)
    }

    func onlineKey(_ role: RoleName) -> SimulatedKey? {
        switch role {
        case .snapshot: online.snapshot
        case .timestamp: online.timestamp
        case .offer: online.offer
        case .root, .targets, .delegated: nil
        }
    }

    func use(_ key: SimulatedKey, for role: RoleName) {
        switch role {
        case .snapshot: online.snapshot = key
        case .timestamp: online.timestamp = key
        case .offer:
            online.offer = key
            offerKeys.append(key)
        case .root, .targets, .delegated: preconditionFailure("that is no online role")
        }
    }
}
