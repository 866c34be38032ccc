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
    /// Verified by the way they were reached: one delegator's word never counts for another's.
    private var delegated: [DelegationWalk.Step: Targets] = [:]
    /// The moment that counts as now for the whole refresh (TUF 5.1).
    public let now: Instant
    /// Whether targets are still a keeper's draft, which no snapshot names yet.
    private var isDraft = false
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
            try Root(fields, cryptography: cryptography)
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
            delegated = [:]
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
        let expected = timestamp.snapshot
        try requireBytes(.snapshot, bytes, expected)
        let new = try verifiedSnapshot(bytes, limitBytes: snapshotLimitBytes)
        try requireVersion(.snapshot, new.version, expected)
        for (file, old) in snapshot?.meta ?? [:] {
            // A role that vanished counts as version 0 of itself (TUF 5.5.5).
            try requireNoRollback(role(of: file), new.meta[file]?.version ?? 0, old.version)
        }
        try requireFresh(.snapshot, new.expires)
        snapshot = new
    }

    /// Whose metadata `file` is, for an error message.
    private func role(of file: JSONString) -> RoleName {
        RoleName(String(file.text.dropLast(".json".count))) ?? .targets
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
        targets = try verifiedTargets(bytes, signedBy: root.targets)
    }

    /// Takes the metadata of a role that `delegator` trusts: the rules are those of the targets
    /// role, the keys are the delegator's choice (TUF 5.6.7.1).
    mutating func adoptDelegated(
        _ bytes: [UInt8], at step: DelegationWalk.Step
    ) throws(TrustError) {
        guard let role = delegation(at: step) else { throw .missing(step.role) }
        delegated[step] = try verifiedTargets(bytes, signedBy: role)
    }

    /// Who has to sign at this step of a walk.
    private func delegation(at step: DelegationWalk.Step) -> Role? {
        let delegator = step.delegator.map { delegated[$0] } ?? targets
        return delegator?.delegations?.role(step.name)
    }

    private func verifiedTargets(
        _ bytes: [UInt8], signedBy role: Role
    ) throws(TrustError) -> Targets {
        let expected = isDraft ? nil : snapshot?[role.name]
        guard expected != nil || isDraft else { throw .missing(role.name) }
        if let expected { try requireBytes(role.name, bytes, expected) }
        let limitBytes = targetsLimitBytes(role.name)
        let fields = try signed(bytes, of: role.name, limitBytes: limitBytes)
            .verified(for: role, by: cryptography.checker)
        let new = try reading(role.name) { () throws(JSONShapeError) in
            try Targets(fields, of: role.name, cryptography: cryptography)
        }
        if let expected { try requireVersion(role.name, new.version, expected) }
        try requireFresh(role.name, new.expires)
        return new
    }

    var snapshotLimitBytes: Int { bounded(timestamp?.snapshot.length, by: limits.snapshotBytes) }

    func targetsLimitBytes(_ role: RoleName) -> Int {
        isDraft
            ? limits.targetsBytes : bounded(snapshot?[role]?.length, by: limits.targetsBytes)
    }

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
}

// MARK: - The rules, each once

extension TrustedSet {
    private func requireFresh(_ role: RoleName, _ expires: Instant) throws(TrustError) {
        guard expires > now else { throw .expired(role, at: expires) }
    }

    private func requireNoRollback(
        _ role: RoleName, _ offered: Int64, _ trusted: Int64?
    ) throws(TrustError) {
        guard let trusted, offered < trusted else { return }
        throw .rollback(role, offered: offered, trusted: trusted)
    }

    private func requireBytes(
        _ role: RoleName, _ bytes: [UInt8], _ expected: MetadataDescription
    ) throws(TrustError) {
        guard expected.describes(bytes, hashing: cryptography.hashing) else {
            throw .wrongBytes(role, length: bytes.count, expected: expected)
        }
    }

    private func requireVersion(
        _ role: RoleName, _ offered: Int64, _ expected: MetadataDescription
    ) throws(TrustError) {
        guard offered == expected.version else {
            throw .wrongVersion(role, offered: offered, expected: expected.version)
        }
    }
}

// MARK: - Looking for a target

extension TrustedSet {
    /// A target, and the role that vouches for it.
    public struct Found: Hashable, Sendable {
        let path: JSONString
        public let role: RoleName
        public let file: TargetFile

        /// `nil` for a target that is no Slipway image.
        ///
        /// - Throws: ``MetadataRefusal`` when it is an image and cannot be read.
        public func image() throws(MetadataRefusal) -> SignedImage? {
            do { return try file.image(at: path.text) } catch {
                throw MetadataRefusal(
                    file: role.fileName, reason: .malformed(role, problem: "\(error)"))
            }
        }
    }

    /// What one look into the set gave.
    enum Look {
        case found(Found)
        /// The walk goes on once this role has been adopted.
        case needs(DelegationWalk.Step)
        case notFound
    }

    /// Looks into the targets role, where every search begins.
    func begin(_ walk: inout DelegationWalk) -> Look {
        guard let targets else { return .notFound }
        return look(into: targets, at: nil, &walk)
    }

    /// Looks into the role at `step`, which has been adopted.
    func resume(_ walk: inout DelegationWalk, at step: DelegationWalk.Step) -> Look {
        guard let targets = delegated[step] else { return .needs(step) }
        return look(into: targets, at: step, &walk)
    }

    /// Looks into `targets`, and then into whatever is here of whom it delegates to.
    private func look(
        into targets: Targets, at step: DelegationWalk.Step?, _ walk: inout DelegationWalk
    ) -> Look {
        var targets = targets
        var step = step
        while true {
            if let file = targets.files[walk.path] {
                return .found(Found(path: walk.path, role: step?.role ?? .targets, file: file))
            }
            walk.follow(targets, at: step, hashing: cryptography.hashing)
            guard let next = walk.next() else { return .notFound }
            guard let below = delegated[next] else { return .needs(next) }
            targets = below
            step = next
        }
    }
}

// MARK: - Who signed

extension TrustedSet {
    /// Who of the role's keys signed `bytes`; `nil` for a role that has not been looked into.
    public func signatures(of role: RoleName, in bytes: [UInt8]) -> SigningProgress? {
        guard
            let metadata = try? StagedMetadata(parsing: bytes, of: role, limits: limits),
            let signer = signer(of: role)
        else { return nil }
        return metadata.progress(for: [signer], checker: cryptography.checker).first
    }

    private func signer(of role: RoleName) -> Role? {
        switch role {
        case .root, .timestamp, .snapshot, .targets: root.role(role)
        case .offer: root.offer
        case .delegated(let name):
            delegated.keys.first { $0.name == name }.flatMap { delegation(at: $0) }
        }
    }
}

// MARK: - What a keeper sees

extension TrustedSet {
    /// The delegated roles that the snapshot names, and where their metadata is published.
    public var delegatedFiles: [DelegatedFile] {
        guard let snapshot else { return [] }
        return snapshot.roles.compactMap { role in
            guard case .delegated(let name) = role, let version = snapshot[role]?.version else {
                return nil
            }
            return DelegatedFile(
                role: name,
                file: role.publishedName(version: version, isConsistent: root.isConsistent),
                limitBytes: targetsLimitBytes(role))
        }
    }

    public struct DelegatedFile: Hashable, Sendable {
        public let role: DelegatedRoleName
        /// In the repository; not percent-encoded.
        public let file: String
        public let limitBytes: Int
    }

    /// The most ways through the delegations that are followed.
    private static let maximumWayCount = 4096

    /// Adopts everything that somebody delegates to, whatever its paths; a role without bytes has
    /// said nothing yet.
    mutating func adoptAll(
        _ bytes: [DelegatedRoleName: [UInt8]]
    ) throws(TrustError) -> [DelegatedRoleName: Targets] {
        var adopted: [DelegatedRoleName: Targets] = [:]
        var waiting = delegations(from: nil, among: bytes)
        var wayCount = 0
        while let step = waiting.popLast() {
            guard let content = bytes[step.name] else { continue }
            wayCount += 1
            guard wayCount <= Self.maximumWayCount else {
                throw .malformed(step.role, problem: "too many delegations lead to it")
            }
            try adoptDelegated(content, at: step)
            adopted[step.name] = delegated[step]
            waiting += delegations(from: step, among: bytes)
        }
        return adopted
    }

    private func delegations(
        from step: DelegationWalk.Step?, among bytes: [DelegatedRoleName: [UInt8]]
    ) -> [DelegationWalk.Step] {
        let delegator = step.map { delegated[$0] } ?? targets
        let names =
            switch delegator?.delegations?.kind {
            case .none: [DelegatedRoleName]()
            case .roles(let roles): roles.map(\.name)
            case .bins(let bins): bytes.keys.filter { bins.contains($0) }
            }
        return names.filter { step?.passes($0) != true }
            .map { DelegationWalk.Step(from: step, to: $0) }
    }

    /// Takes targets that no snapshot names yet, in place of all that there are.
    mutating func adoptDraft(
        targets bytes: [UInt8], delegated: [DelegatedRoleName: [UInt8]]
    ) throws(TrustError) -> [DelegatedRoleName: Targets] {
        isDraft = true
        self.delegated = [:]
        targets = try verifiedTargets(bytes, signedBy: root.targets)
        return try adoptAll(delegated)
    }

    /// The target that a client would find, going by what has been adopted.
    func find(_ path: String) -> Found? {
        var walk = DelegationWalk(path: JSONString(path), limit: limits.delegations)
        guard case .found(let found) = begin(&walk) else { return nil }
        return found
    }
}
