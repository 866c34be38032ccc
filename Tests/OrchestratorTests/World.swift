import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import Synchronization
import TestSupport
import Trust
import Wire

/// An orchestrator on a real database and a real repository, with a clock that tests move.
final class World: Sendable {
    let folder: URL
    let clock = TestClock()
    let keys = Keys()
    private let nonces = Mutex(0)

    static let enrolmentToken = "enrolment-token-of-the-tests"
    static let author = must(OperatorName("ada"))
    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "repository/metadata"), withIntermediateDirectories: true)
        try writeEmptyRepository()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var repository: URL { folder.appending(path: "repository") }
    var databasePath: String { folder.appending(path: "slipway.sqlite").path }

    /// A server that starts: each call stands for a new process on the same disk.
    func orchestrator(
        files: (any RepositoryFiles & ImageStore)? = nil, store: (any Store)? = nil,
        outside: any OutsideGateProbe = FakeProbe(), takesApplications: Bool = false
    ) async throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        let directory = try RepositoryDirectory(folder: repository)
        let orchestrator = Orchestrator(
            store: try store ?? SQLiteStore(path: databasePath),
            files: files ?? directory, images: files ?? directory, spool: directory,
            signers: keys.online,
            cryptography: Self.cryptography,
            settings: Orchestrator.Settings(
                checkInSeconds: 60,
                sharedEnrolmentTokenDigest: hashing.sha256(Array(Self.enrolmentToken.utf8)),
                limits: .standard, takesApplications: takesApplications),
            zones: SystemTimeZones(), outside: outside,
            // Whoever has the server has its folder.
            now: { self.clock.now },
            makeNonce: { must(Nonce(Hex.encode(try SecureRandom.bytes(16)))) })
        try await orchestrator.openRepository()
        return orchestrator
    }

    private func writeEmptyRepository() throws {
        let writer = RepositoryWriter(cryptography: Self.cryptography)
        let end = clock.now.advanced(by: .seconds(86_400 * 365))
        func signers(_ key: Ed25519PrivateKey) throws -> RoleSigners {
            try RoleSigners(keys: [key.publicKey], threshold: 1)
        }
        let root = try writer.root(
            RootDraft(
                expires: end,
                roles: [
                    .root: try signers(keys.root), .targets: try signers(keys.targets),
                    .snapshot: try signers(keys.snapshot),
                    .timestamp: try signers(keys.timestamp), .offer: try signers(keys.offer),
                ]),
            signers: [keys.root])
        let targets = try writer.emptyTargets(expires: end, signers: [keys.targets])
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: targets), expires: end,
            signers: [keys.snapshot])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot), expires: end,
            signers: [keys.timestamp])
        for (name, bytes) in [
            ("1.root.json", root), ("1.targets.json", targets), ("1.snapshot.json", snapshot),
            ("timestamp.json", timestamp),
        ] {
            try Data(bytes).write(to: repository.appending(path: "metadata/\(name)"))
        }
    }

    // MARK: Publishing

    /// The repository as a client finds it now.
    func published() throws -> (stored: StoredMetadata, trusted: TrustedSet) {
        let metadata = repository.appending(path: "metadata")
        var stored = StoredMetadata(
            root: Array(try Data(contentsOf: metadata.appending(path: "1.root.json"))),
            timestamp: nil, snapshot: nil, targets: nil)
        var refresh = try Refresh(
            stored: stored, now: clock.now, cryptography: Self.cryptography, limits: .standard)
        while true {
            switch refresh.next() {
            case .fetch(let name, _):
                let data = try? Data(contentsOf: metadata.appending(path: name))
                try refresh.receive(data.map { Array($0) })
            case .recall(let role): try refresh.receive(stored[role])
            case .store(let role, let bytes): stored[role] = bytes
            case .forget: continue
            case .finished: return (stored, refresh.trusted)
            }
        }
    }

    /// Targets that add one image, signed by `signer` or by the repository's targets key.
    func targets(
        adding version: String, bytes: [UInt8], hardware: String = "gw-2",
        counter: Int64 = 1, length: Int64? = nil, signer: Ed25519PrivateKey? = nil
    ) throws -> (metadata: [UInt8], image: SignedImage) {
        let image = try SignedImage(
            must(
                ImageReference(
                    path: must(TargetPath("acme/\(version)/\(hardware).img")),
                    sha256: OpenSSLHashing().sha256(bytes), length: length ?? Int64(bytes.count))),
            release: must(ReleaseID("acme \(version)")), hardware: [must(HardwareModel(hardware))],
            from: [], counter: counter)
        let current = must(try published().trusted.targets)
        let metadata = try RepositoryWriter(cryptography: Self.cryptography).targets(
            following: current, .add(image),
            expires: clock.now.advanced(by: .seconds(86_400 * 100)),
            signers: [signer ?? keys.targets])
        return (metadata, image)
    }

    @discardableResult
    func publish(
        _ version: String, hardware: String = "gw-2", counter: Int64 = 1,
        to orchestrator: Orchestrator
    ) async throws -> SignedImage {
        let bytes = Array("image \(version)".utf8)
        let (metadata, image) = try targets(
            adding: version, bytes: bytes, hardware: hardware, counter: counter)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))
        _ = try await orchestrator.publish(.targets(metadata), by: World.author)
        return image
    }
}

extension World {
    /// Takes a release back, as its keeper does.
    func withdraw(_ version: String, from orchestrator: Orchestrator) async throws {
        let current = must(try published().trusted.targets)
        let metadata = try RepositoryWriter(cryptography: Self.cryptography).targets(
            following: current,
            .withdraw(
                try current.images().values.filter { $0.release == ReleaseID("acme \(version)") }),
            expires: clock.now.advanced(by: .seconds(86_400 * 100)), signers: [keys.targets])
        _ = try await orchestrator.publish(.targets(metadata), by: World.author)
    }
}

/// The keys of the test repository, the same in every run.
struct Keys: Sendable {
    let root = key(1)
    let targets = key(2)
    let snapshot = key(3)
    let timestamp = key(4)
    let offer = key(5)

    var online: OnlineSigners {
        OnlineSigners(snapshot: snapshot, timestamp: timestamp, offer: offer)
    }

    static func key(_ number: UInt8) -> Ed25519PrivateKey {
        do { return try Ed25519PrivateKey(seed: Array(repeating: number, count: 32)) } catch {
            preconditionFailure("32 bytes are a seed: \(error)")
        }
    }
}

/// A clock that stands still until a test moves it.
final class TestClock: Sendable {
    private let moment = Mutex(Instant(secondsSinceEpoch: 1_800_000_000))

    var now: Instant { moment.withLock { $0 } }

    func advance(seconds: Int64) {
        moment.withLock { $0 = $0.advanced(by: .seconds(seconds)) }
    }
}

/// Pieces of an upload.
struct Pieces: AsyncSequence, Sendable {
    let pieces: [[UInt8]]
    init(_ pieces: [[UInt8]]) { self.pieces = pieces }

    struct Iterator: AsyncIteratorProtocol {
        var left: [[UInt8]]
        mutating func next() async -> [UInt8]? { left.isEmpty ? nil : left.removeFirst() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(left: pieces) }
}

extension MetadataSubmission {
    static func targets(_ bytes: [UInt8]) -> MetadataSubmission {
        MetadataSubmission(files: ["targets": bytes])
    }
}

/// What the one server of a test steps by.
extension Orchestrator {
    private static let tester = SteppingServer(id: must(Nonce("tester")), name: "test", process: "")

    var soleRight: SteppingRight {
        get async throws {
            let lease = try await steppingLease()
            if let right = lease?.right, right.holder == Self.tester.id { return right }
            let seat = SteppingSeat(server: Self.tester, monotonic: { .zero })
            guard case .took(let right, _) = try await tend(seat) else {
                throw BrokenPromise("somebody else steps")
            }
            return right
        }
    }

    func step() async throws { try await step(by: soleRight) }
    func beat() async throws { try await beat(by: soleRight) }
    func askOutsideChecks() async throws { try await askOutsideChecks(by: soleRight) }
}
