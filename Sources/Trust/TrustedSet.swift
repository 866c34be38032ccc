public import Model
internal import JSON

/// The metadata that a client trusts, and the only rules by which it changes (TUF 1.0.34 section 5).
///
/// Bytes in, decision out: nothing here fetches or stores. A refused update leaves the set as it
/// was, so that the next try starts from what is trusted.
public struct TrustedSet: Sendable {
    public private(set) var root: Root
    public private(set) var timestamp: Timestamp?
    public private(set) var snapshot: Snapshot?
    public private(set) var targets: Targets?
    /// The moment that counts as now for the whole refresh (TUF 5.1).
    public let now: Instant
    let cryptography: CryptographySuite
    let limits: Limits

    /// Begins with a root that came with the device or was trusted before (TUF 5.2).
    ///
    /// - Throws: ``TrustError`` when it is not signed by its own keys. Its expiry does not matter.
    public init(
        root bytes: [UInt8], now: Instant, cryptography: CryptographySuite, limits: Limits
    ) throws(TrustError) {
        self.now = now
        self.cryptography = cryptography
        self.limits = limits
        root = try Self.selfSigned(bytes, cryptography: cryptography, limits: limits)
    }

    static func selfSigned(
        _ bytes: [UInt8], cryptography: CryptographySuite, limits: Limits
    ) throws(TrustError) -> Root {
        let signed = try SignedMetadata(
            bytes, of: .root, limitBytes: limits.rootBytes, maximumSignatures: limits.signatures)
        let fields = try signed.fields()
        let root = try reading(.root) { () throws(JSONShapeError) in
            try Root(fields, hashing: cryptography.hashing)
        }
        _ = try signed.verified(for: root.root, by: cryptography.checker)
        return root
    }

    /// Follows the chain of roots by one version (TUF 5.3.3 to 5.3.7).
    ///
    /// - Returns: Whether online keys were rotated; then timestamp and snapshot are forgotten, and
    ///   whoever stored them has to forget them, too.
    @discardableResult
    public mutating func adoptRoot(_ bytes: [UInt8]) throws(TrustError) -> Bool {
        let signed = try signed(bytes, of: .root, limitBytes: limits.rootBytes)
        // Signed by a threshold of the old root's keys and of its own.
        _ = try signed.verified(for: root.root, by: cryptography.checker)
        let new = try Self.selfSigned(bytes, cryptography: cryptography, limits: limits)
        guard new.version == root.version + 1 else {
            throw .wrongVersion(.root, offered: new.version, expected: root.version + 1)
        }
        let hasRotatedOnlineKeys =
            new.timestamp.keys != root.timestamp.keys || new.snapshot.keys != root.snapshot.keys
        if hasRotatedOnlineKeys {
            // Recovery from a fast-forward attack (TUF 5.3.11).
            timestamp = nil
            snapshot = nil
            targets = nil
        }
        root = new
        return hasRotatedOnlineKeys
    }

    /// Ends the chain of roots (TUF 5.3.10).
    public func requireFreshRoot() throws(TrustError) {
        try requireFresh(.root, root.expires)
    }

    /// Takes a timestamp (TUF 5.4).
    ///
    /// - Returns: Whether it is new; an equal version is dropped and the trusted one stays.
    @discardableResult
    public mutating func adoptTimestamp(_ bytes: [UInt8]) throws(TrustError) -> Bool {
        let new = try verifiedTimestamp(bytes)
        try requireNoRollback(.timestamp, new.version, timestamp?.version)
        if let timestamp, new.version == timestamp.version {
            try requireFresh(.timestamp, timestamp.expires)
            return false
        }
        try requireNoRollback(
            .snapshot, new.snapshot.version, timestamp?.snapshot.version)
        try requireFresh(.timestamp, new.expires)
        timestamp = new
        return true
    }

    /// Takes back a timestamp that was trusted before; it may have expired since.
    mutating func restoreTimestamp(_ bytes: [UInt8]) throws(TrustError) {
        timestamp = try verifiedTimestamp(bytes)
    }

    private func verifiedTimestamp(_ bytes: [UInt8]) throws(TrustError) -> Timestamp {
        let fields = try signed(bytes, of: .timestamp, limitBytes: limits.timestampBytes)
            .verified(for: root.timestamp, by: cryptography.checker)
        return try reading(.timestamp) { () throws(JSONShapeError) in try Timestamp(fields) }
    }

    /// Takes the snapshot that the timestamp names (TUF 5.5).
    public mutating func adoptSnapshot(_ bytes: [UInt8]) throws(TrustError) {
        guard let timestamp else { throw .missing(.timestamp) }
        let description = timestamp.snapshot
        guard description.describes(bytes, hashing: cryptography.hashing) else {
            throw .wrongBytes(.snapshot)
        }
        let new = try verifiedSnapshot(bytes, limitBytes: snapshotLimitBytes)
        guard new.version == description.version else {
            throw .wrongVersion(.snapshot, offered: new.version, expected: description.version)
        }
        for (file, old) in snapshot?.meta ?? [:] {
            // A role that vanished counts as version 0 of itself (TUF 5.5.5).
            try requireNoRollback(.targets, new.meta[file]?.version ?? 0, old.version)
        }
        try requireFresh(.snapshot, new.expires)
        snapshot = new
    }

    /// Takes back a snapshot that was trusted before; it serves to notice a rollback even when it
    /// is no longer the current one.
    mutating func restoreSnapshot(_ bytes: [UInt8]) throws(TrustError) {
        // The length in the timestamp is that of the current one, which this may not be.
        snapshot = try verifiedSnapshot(bytes, limitBytes: limits.snapshotBytes)
    }

    private func verifiedSnapshot(
        _ bytes: [UInt8], limitBytes: Int
    ) throws(TrustError) -> Snapshot {
        let fields = try signed(bytes, of: .snapshot, limitBytes: limitBytes)
            .verified(for: root.snapshot, by: cryptography.checker)
        return try reading(.snapshot) { () throws(JSONShapeError) in try Snapshot(fields) }
    }

    /// Takes the targets that the snapshot names (TUF 5.6).
    public mutating func adoptTargets(_ bytes: [UInt8]) throws(TrustError) {
        guard let description = snapshot?.targets else { throw .missing(.targets) }
        guard description.describes(bytes, hashing: cryptography.hashing) else {
            throw .wrongBytes(.targets)
        }
        let fields = try signed(bytes, of: .targets, limitBytes: targetsLimitBytes)
            .verified(for: root.targets, by: cryptography.checker)
        let new = try reading(.targets) { () throws(JSONShapeError) in try Targets(fields) }
        guard new.version == description.version else {
            throw .wrongVersion(.targets, offered: new.version, expected: description.version)
        }
        try requireFresh(.targets, new.expires)
        targets = new
    }

    var snapshotLimitBytes: Int { bounded(timestamp?.snapshot.length, by: limits.snapshotBytes) }
    var targetsLimitBytes: Int { bounded(snapshot?.targets?.length, by: limits.targetsBytes) }

    /// A length that metadata tells is a tighter limit; it never widens ours.
    private func bounded(_ length: Int64?, by limit: Int) -> Int {
        Int(min(length ?? Int64(limit), Int64(limit)))
    }

    private func signed(
        _ bytes: [UInt8], of role: RoleName, limitBytes: Int
    ) throws(TrustError) -> SignedMetadata {
        try SignedMetadata(
            bytes, of: role, limitBytes: limitBytes, maximumSignatures: limits.signatures)
    }

    private func requireFresh(_ role: RoleName, _ expires: Instant) throws(TrustError) {
        guard expires > now else { throw .expired(role, at: expires) }
    }

    private func requireNoRollback(
        _ role: RoleName, _ offered: Int64, _ trusted: Int64?
    ) throws(TrustError) {
        guard let trusted, offered < trusted else { return }
        throw .rollback(role, offered: offered, trusted: trusted)
    }
}
