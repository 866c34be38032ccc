internal import JSON
public import Model

/// One run of the TUF client workflow as questions and answers (TUF 1.0.34 section 5).
///
/// The caller performs ``next()``'s actions in order and gives what it fetched or recalled to
/// ``receive(_:)``. Metadata is stored as soon as it is trusted, so that an interrupted refresh
/// loses nothing. After ``Action/finished``, ``seek(_:)`` looks for targets in the same way.
public struct Refresh: Sendable {
    /// What is trusted by now.
    public private(set) var trusted: TrustedSet
    /// What the last ``seek(_:)`` found; `nil` while it goes on, and when no role vouches for it.
    public private(set) var found: TrustedSet.Found?
    private var stage: Stage
    private var pending: [Action] = []
    private var rotations = 0
    private var stored: StoredMetadata

    /// What the caller does next.
    public enum Action: Hashable, Sendable {
        /// Fetch at most `limitBytes` of the repository's metadata file `name`, and hand them in.
        case fetch(name: String, limitBytes: Int)
        /// Hand in what is kept as the trusted metadata of the role; `nil` when nothing is.
        case recall(RoleName)
        /// Keep these bytes as the trusted metadata of the role.
        case store(RoleName, [UInt8])
        /// Forget the trusted metadata of the role.
        case forget(RoleName)
        case finished
    }

    private enum Stage {
        case root, timestamp, snapshot, targets, finished
        /// The walk goes on once the role at the step is here, from the store or else fetched.
        case recalling(DelegationWalk, DelegationWalk.Step)
        case fetching(DelegationWalk, DelegationWalk.Step)
    }

    /// - Throws: ``MetadataRefusal`` when the stored root itself is not to be trusted.
    public init(
        stored: StoredMetadata, now: Instant, cryptography: CryptographySuite, limits: Limits
    ) throws(MetadataRefusal) {
        do {
            trusted = try TrustedSet(
                root: stored.root, now: now, cryptography: cryptography, limits: limits)
        } catch { throw MetadataRefusal(file: RoleName.root.storedName, reason: error) }
        self.stored = stored
        stage = .root
    }

    public mutating func next() -> Action {
        if !pending.isEmpty { return pending.removeFirst() }
        switch stage {
        case .root:
            return .fetch(name: awaitedFile, limitBytes: trusted.limits.rootBytes)
        case .timestamp:
            return .fetch(name: awaitedFile, limitBytes: trusted.limits.timestampBytes)
        case .snapshot:
            return .fetch(name: awaitedFile, limitBytes: trusted.snapshotLimitBytes)
        case .targets:
            return .fetch(name: awaitedFile, limitBytes: trusted.targetsLimitBytes(.targets))
        case .recalling(_, let step):
            return .recall(step.role)
        case .fetching(_, let step):
            return .fetch(name: awaitedFile, limitBytes: trusted.targetsLimitBytes(step.role))
        case .finished:
            return .finished
        }
    }

    /// The name of the file that ``receive(_:)`` is to be given next.
    private var awaitedFile: String {
        switch stage {
        case .root: published(.root, trusted.root.version + 1)
        case .timestamp: published(.timestamp, 1)
        case .snapshot: published(.snapshot, trusted.timestamp?.snapshot.version ?? 1)
        case .targets: published(.targets, trusted.snapshot?.targets?.version ?? 1)
        case .recalling(_, let step): step.role.storedName
        case .fetching(_, let step):
            published(step.role, trusted.snapshot?[step.role]?.version ?? 1)
        case .finished: preconditionFailure("nothing is asked for")
        }
    }

    private func published(_ role: RoleName, _ version: Int64) -> String {
        role.publishedName(version: version, isConsistent: trusted.root.isConsistent)
    }

    /// Takes the answer to the last fetch or recall; `nil` when there is no such file.
    ///
    /// - Throws: ``MetadataRefusal``; what was trusted before stays trusted and stored.
    public mutating func receive(_ bytes: [UInt8]?) throws(MetadataRefusal) {
        let file = awaitedFile
        do throws(TrustError) {
            switch stage {
            case .root: try receiveRoot(bytes)
            case .timestamp: try receiveTimestamp(bytes)
            case .snapshot: try receiveSnapshot(bytes)
            case .targets: try receiveTargets(bytes)
            case .recalling(let walk, let step): try recall(bytes, walk, step)
            case .fetching(let walk, let step): try receiveDelegated(bytes, walk, step)
            case .finished: preconditionFailure("nothing was asked for")
            }
        } catch { throw MetadataRefusal(file: file, reason: error) }
    }

    private mutating func receiveRoot(_ bytes: [UInt8]?) throws(TrustError) {
        guard let bytes, rotations < trusted.limits.rootRotations else { return try endRoots() }
        let hasRotatedOnlineKeys = try trusted.adoptRoot(bytes)
        rotations += 1
        if hasRotatedOnlineKeys {
            // A key may have stayed, so the signatures alone would not keep them out. They go
            // before the root comes: a power cut in between costs nothing but another fetch.
            stored.timestamp = nil
            stored.snapshot = nil
            pending += [.forget(.timestamp), .forget(.snapshot)]
        }
        pending.append(.store(.root, bytes))
    }

    private mutating func endRoots() throws(TrustError) {
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
}

// MARK: - Looking for targets

extension Refresh {
    /// Begins to look for the target `path` (TUF 5.6.7); ``next()`` says how it goes on.
    ///
    /// The refresh must have finished. Roles that were verified for an earlier target count again
    /// only where they are reached in the same way.
    public mutating func seek(_ path: String) {
        guard case .finished = stage else {
            preconditionFailure("targets are looked for after the refresh")
        }
        found = nil
        var walk = DelegationWalk(path: JSONString(path), limit: trusted.limits.delegations)
        goOn(trusted.begin(&walk), walk)
    }

    private mutating func goOn(_ look: TrustedSet.Look, _ walk: DelegationWalk) {
        switch look {
        case .found(let found):
            self.found = found
            stage = .finished
        case .notFound: stage = .finished
        case .needs(let step): stage = .recalling(walk, step)
        }
    }

    /// What is stored is taken as if it had been fetched; unless it is current, fetch.
    private mutating func recall(
        _ bytes: [UInt8]?, _ walk: DelegationWalk, _ step: DelegationWalk.Step
    ) throws(TrustError) {
        guard trusted.snapshot?[step.role] != nil else {
            // Nothing pins what such a role says, so nobody is asked for it.
            stage = .finished
            throw .missing(step.role)
        }
        guard let bytes, (try? trusted.adoptDelegated(bytes, at: step)) != nil else {
            stage = .fetching(walk, step)
            return
        }
        var walk = walk
        goOn(trusted.resume(&walk, at: step), walk)
    }

    private mutating func receiveDelegated(
        _ bytes: [UInt8]?, _ walk: DelegationWalk, _ step: DelegationWalk.Step
    ) throws(TrustError) {
        // Whatever is wrong on the way ends the search: a role behind it must not answer instead.
        stage = .finished
        guard let bytes else { throw .missing(step.role) }
        try trusted.adoptDelegated(bytes, at: step)
        pending.append(.store(step.role, bytes))
        var walk = walk
        goOn(trusted.resume(&walk, at: step), walk)
    }
}
