public import Model

/// One run of the TUF client workflow as questions and answers (TUF 1.0.34 section 5).
///
/// The caller performs ``next()``'s actions in order and gives what it fetched to ``receive(_:)``.
/// Metadata is stored as soon as it is trusted, so that an interrupted refresh loses nothing.
public struct Refresh: Sendable {
    /// What is trusted by now.
    public private(set) var trusted: TrustedSet
    private var stage: Stage
    private var pending: [Action] = []
    private var rotations = 0
    private var stored: StoredMetadata

    /// What the caller does next.
    public enum Action: Hashable, Sendable {
        /// Fetch at most `limitBytes` of the repository's metadata file `name`.
        case fetch(name: String, limitBytes: Int)
        /// Keep these bytes as the trusted metadata of the role.
        case store(RoleName, [UInt8])
        /// Forget the trusted metadata of the role.
        case forget(RoleName)
        case finished
    }

    private enum Stage {
        case root, timestamp, snapshot, targets, finished
    }

    /// - Throws: ``TrustError`` when the stored root itself is not to be trusted.
    public init(
        stored: StoredMetadata, now: Instant, cryptography: CryptographySuite, limits: Limits
    ) throws(TrustError) {
        trusted = try TrustedSet(
            root: stored.root, now: now, cryptography: cryptography, limits: limits)
        self.stored = stored
        stage = .root
    }

    public mutating func next() -> Action {
        if !pending.isEmpty { return pending.removeFirst() }
        switch stage {
        case .root:
            return fetch(.root, trusted.root.version + 1, limitBytes: trusted.limits.rootBytes)
        case .timestamp:
            return fetch(.timestamp, 1, limitBytes: trusted.limits.timestampBytes)
        case .snapshot:
            let version = trusted.timestamp?.snapshot.version ?? 1
            return fetch(.snapshot, version, limitBytes: trusted.snapshotLimitBytes)
        case .targets:
            let version = trusted.snapshot?.targets?.version ?? 1
            return fetch(.targets, version, limitBytes: trusted.targetsLimitBytes)
        case .finished:
            return .finished
        }
    }

    /// Takes the answer to the last fetch; `nil` when the repository has no such file.
    ///
    /// - Throws: ``TrustError``; what was trusted before stays trusted and stored.
    public mutating func receive(_ bytes: [UInt8]?) throws(TrustError) {
        switch stage {
        case .root: try receiveRoot(bytes)
        case .timestamp: try receiveTimestamp(bytes)
        case .snapshot: try receiveSnapshot(bytes)
        case .targets: try receiveTargets(bytes)
        case .finished: preconditionFailure("nothing was asked for")
        }
    }

    private mutating func receiveRoot(_ bytes: [UInt8]?) throws(TrustError) {
        if let bytes, rotations < trusted.limits.rootRotations {
            let hasRotatedOnlineKeys = try trusted.adoptRoot(bytes)
            rotations += 1
            pending.append(.store(.root, bytes))
            if hasRotatedOnlineKeys {
                // A key may have stayed, so the signatures alone would not keep them out.
                stored.timestamp = nil
                stored.snapshot = nil
                pending += [.forget(.timestamp), .forget(.snapshot)]
            }
            return
        }
        try trusted.requireFreshRoot()
        stage = .timestamp
        // What a rotated key signed, or what was damaged on disk, is simply not taken back.
        if let timestamp = stored.timestamp { try? trusted.restoreTimestamp(timestamp) }
        if let snapshot = stored.snapshot { try? trusted.restoreSnapshot(snapshot) }
    }

    private mutating func receiveTimestamp(_ bytes: [UInt8]?) throws(TrustError) {
        guard let bytes else { throw .missing(.timestamp) }
        if try trusted.adoptTimestamp(bytes) { pending.append(.store(.timestamp, bytes)) }
        takeStoredSnapshot()
    }

    /// A stored snapshot is taken as if it had been fetched; unless it is current, fetch.
    private mutating func takeStoredSnapshot() {
        stage = .snapshot
        guard let snapshot = stored.snapshot else { return }
        do {
            try trusted.adoptSnapshot(snapshot)
            takeStoredTargets()
        } catch {
            // Not current any more; restored above, it still serves to notice a rollback.
        }
    }

    private mutating func receiveSnapshot(_ bytes: [UInt8]?) throws(TrustError) {
        guard let bytes else { throw .missing(.snapshot) }
        try trusted.adoptSnapshot(bytes)
        pending.append(.store(.snapshot, bytes))
        takeStoredTargets()
    }

    /// Stored targets are taken as if they had been fetched; unless they are current, fetch.
    private mutating func takeStoredTargets() {
        stage = .targets
        guard let targets = stored.targets else { return }
        do {
            try trusted.adoptTargets(targets)
            stage = .finished
        } catch {
            // Not current any more: they are fetched as if there were none.
        }
    }

    private mutating func receiveTargets(_ bytes: [UInt8]?) throws(TrustError) {
        guard let bytes else { throw .missing(.targets) }
        try trusted.adoptTargets(bytes)
        pending.append(.store(.targets, bytes))
        stage = .finished
    }

    private func fetch(_ role: RoleName, _ version: Int64, limitBytes: Int) -> Action {
        .fetch(
            name: role.publishedName(version: version, isConsistent: trusted.root.isConsistent),
            limitBytes: limitBytes)
    }
}

/// The trusted metadata that a client keeps between refreshes, as the bytes it received.
public struct StoredMetadata: Hashable, Sendable {
    public var root: [UInt8]
    public var timestamp: [UInt8]?
    public var snapshot: [UInt8]?
    public var targets: [UInt8]?

    /// Puts what ``Refresh/Action/store(_:_:)`` hands out in its place.
    public mutating func keep(_ bytes: [UInt8], of role: RoleName) {
        switch role {
        case .root: root = bytes
        case .timestamp: timestamp = bytes
        case .snapshot: snapshot = bytes
        case .targets: targets = bytes
        case .offer: preconditionFailure("the offer role has no metadata of its own")
        }
    }

    public init(
        root: [UInt8], timestamp: [UInt8]?, snapshot: [UInt8]?, targets: [UInt8]?
    ) {
        self.root = root
        self.timestamp = timestamp
        self.snapshot = snapshot
        self.targets = targets
    }
}
