import Model
import OpenSSL
import Testing
import Trust

/// Keeps a repository through its front door, and serves what comes of it.
struct Keeper: Served {
    private(set) var repository: PublishedRepository
    private(set) var files: [String: [UInt8]]
    /// The names of the files that the last publishing wrote, in order.
    private(set) var written: [String] = []

    static let expiry = PublishedRepository.Expiry(snapshot: at(5000), timestamp: at(4000))

    static func online() throws -> OnlineSigners {
        OnlineSigners(snapshot: try key(4), timestamp: try key(3), offer: try key(7))
    }

    /// Takes over what lies there already.
    init(_ fake: FakeRepository, limits: Limits = .tests) throws {
        repository = try PublishedRepository(
            fake.stored(), cryptography: cryptography, limits: limits)
        files = fake.files
    }

    /// A repository that lists nothing.
    init() throws { try self.init(FakeRepository()) }

    /// The next targets of `role`, changed and signed.
    func signed(
        _ change: TargetsChange, of role: RoleName = .targets, expires: Instant = at(9000),
        by signers: [UInt8] = [5, 6]
    ) throws -> [UInt8] {
        let writer = RepositoryWriter(cryptography: cryptography)
        guard let current = repository.targets(of: role) else {
            return try writer.emptyTargets(
                of: role, expires: expires, signers: signers.map(key))
        }
        return try writer.targets(
            of: role, following: current, change, expires: expires, signers: signers.map(key))
    }

    /// Accepts `submitted` and publishes it.
    mutating func publish(
        _ submitted: [RoleName: [UInt8]], at moment: Instant = now,
        signers: OnlineSigners? = nil
    ) throws {
        try publish(
            submitted.isEmpty ? [] : repository.accept(submitted, now: moment), signers: signers)
    }

    mutating func publish(_ accepted: [AcceptedMetadata], signers: OnlineSigners? = nil) throws {
        let next = try repository.publishing(
            accepted, expiry: Self.expiry, signers: signers ?? Self.online())
        let changed = next.files(changedSince: repository)
        for (name, bytes) in changed { files[name] = bytes }
        written = changed.map(\.name)
        repository = next
    }

    /// Makes one change of what `role` says.
    mutating func publish(
        _ change: TargetsChange, of role: RoleName = .targets, by signers: [UInt8] = [5, 6]
    ) throws { try publish([role: signed(change, of: role, by: signers)]) }

    /// Adds an image to what the targets role lists.
    mutating func publish(_ image: SignedImage) throws { try publish(.add(image)) }
}
