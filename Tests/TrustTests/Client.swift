import Model
import Trust

/// Performs the actions of a `Refresh` on a `FakeRepository` and writes down what they were.
struct Client {
    var stored: StoredMetadata
    /// Such as `fetch timestamp.json` and `store timestamp`.
    private(set) var log: [String] = []
    /// The limit of every fetch, by name.
    private(set) var limitBytes: [String: Int] = [:]

    init(_ stored: StoredMetadata) { self.stored = stored }

    /// A device that left the factory with nothing but the first root of `repository`.
    init(new repository: FakeRepository) {
        self.init(
            StoredMetadata(
                root: repository.files["1.root.json"] ?? [], timestamp: nil, snapshot: nil,
                targets: nil))
    }

    @discardableResult
    mutating func refresh(
        from repository: FakeRepository, at moment: Instant = now
    ) throws -> TrustedSet {
        log = []
        var refresh = try Refresh(
            stored: stored, now: moment, cryptography: cryptography, limits: .tests)
        // Far more than any refresh needs: a client that goes round in circles must fail.
        for _ in 0..<100 {
            switch refresh.next() {
            case .fetch(let name, let limitBytes):
                log.append("fetch \(name)")
                self.limitBytes[name] = limitBytes
                try refresh.receive(repository.files[name])
            case .store(let role, let bytes):
                log.append("store \(role.rawValue)")
                keep(bytes, of: role)
            case .forget(let role):
                log.append("forget \(role.rawValue)")
                keep(nil, of: role)
            case .finished:
                return refresh.trusted
            }
        }
        throw EndlessRefresh()
    }

    struct EndlessRefresh: Error {}

    var fetches: [String] { log.filter { $0.hasPrefix("fetch ") }.map { String($0.dropFirst(6)) } }

    private mutating func keep(_ bytes: [UInt8]?, of role: RoleName) {
        switch role {
        case .root: stored.root = bytes ?? []
        case .timestamp: stored.timestamp = bytes
        case .snapshot: stored.snapshot = bytes
        case .targets: stored.targets = bytes
        case .offer: preconditionFailure("the offer role has no metadata of its own")
        }
    }
}
