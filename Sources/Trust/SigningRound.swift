internal import JSON
public import Model

/// What is waiting for signatures in one repository, and whose.
///
/// Metadata is published once everybody who has a say in its role is satisfied: for a root the
/// thresholds of the root before and of its own, for a delegated role every delegator's.
public struct SigningRound: Sendable {
    public let published: PublishedRepository
    /// At most one for each role.
    public private(set) var staged: [RoleName: StagedMetadata]
    private let cryptography: CryptographySuite

    public init(
        published: PublishedRepository, staged: [StagedMetadata], cryptography: CryptographySuite
    ) {
        self.published = published
        self.cryptography = cryptography
        self.staged = Dictionary(staged.map { ($0.role, $0) }) { _, last in last }
    }

    /// Stages `metadata` in place of what was staged for its role.
    public mutating func stage(_ metadata: StagedMetadata) { staged[metadata.role] = metadata }

    /// Forgets what was staged of `role`.
    public mutating func discard(_ role: RoleName) { staged[role] = nil }

    /// Everybody whose threshold `role`'s staged metadata has to meet.
    public func signers(of role: RoleName) -> [Role] {
        switch role {
        case .root: [published.root.root] + (stagedRoot.map { [$0.root] } ?? [])
        case .targets: [published.root.targets] + (nextTargetsRole.map { [$0] } ?? [])
        case .timestamp, .snapshot, .offer: published.signers(of: role)
        case .delegated(let name):
            delegators.compactMap { $0.delegations?.role(name) }
        }
    }

    /// The same for a delegated role, once nothing but `roles` of what is staged is published.
    private func signers(of name: DelegatedRoleName, publishing roles: [RoleName]) -> [Role] {
        let delegators = [.targets] + published.delegated.keys.map { RoleName.delegated($0) }
        return delegators.compactMap { delegator in
            let says =
                roles.contains(delegator)
                ? targets(of: delegator) : published.targets(of: delegator)
            return says?.delegations?.role(name)
        }
    }

    /// The root that is staged, as it will be.
    public var stagedRoot: Root? {
        staged[.root].flatMap { root in
            try? Root(JSONFields(.object(root.document)), cryptography: cryptography)
        }
    }

    /// What `role` will say once what is staged of it is published, or else what it says.
    public func targets(of role: RoleName) -> Targets? {
        guard isCurrent(role), let draft = staged[role] else { return published.targets(of: role) }
        return try? Targets(
            JSONFields(.object(draft.document)), of: role, cryptography: cryptography)
    }

    /// Stages the next root, which goes on from a staged one that is not outdated.
    public mutating func changeRoot(_ change: (inout RootDraft) -> Void) -> StagedMetadata {
        let draftSoFar = isCurrent(.root) ? stagedRoot : nil
        var draft =
            draftSoFar.map { RootDraft(revising: $0) } ?? RootDraft(following: published.root)
        change(&draft)
        let metadata = draft.staged(hashing: cryptography.hashing)
        stage(metadata)
        return metadata
    }

    /// Stages the next targets of `role`, on top of what is staged of them already.
    ///
    /// A role that says nothing yet begins with version 1.
    public mutating func change(
        _ role: RoleName, _ change: TargetsChange, expires: Instant
    ) -> StagedMetadata {
        let metadata =
            targets(of: role).map {
                $0.staged(
                    of: role, version: (published.version(of: role) ?? 0) + 1, change,
                    expires: expires, hashing: cryptography.hashing)
            }
            ?? StagedMetadata(
                role,
                document: Targets.emptyDocument(
                    of: role, version: (published.version(of: role) ?? 0) + 1, expires: expires))
        stage(metadata)
        return metadata
    }

    /// Who signs targets once the staged root is published, where that are others than now.
    private var nextTargetsRole: Role? {
        guard isCurrent(.root), let next = stagedRoot?.targets, next != published.root.targets
        else { return nil }
        return next
    }

    /// Every role that may delegate, as it is staged, or else as it is published.
    private var delegators: [Targets] {
        let roles = [.targets] + published.delegated.keys.map { RoleName.delegated($0) }
        return roles.compactMap { targets(of: $0) }
    }

    /// How far each of ``signers(of:)`` is; empty for a role that is not staged.
    public func progress(of role: RoleName) -> [SigningProgress] {
        staged[role]?.progress(for: signers(of: role), checker: cryptography.checker) ?? []
    }

    /// Whether the staged metadata of `role` follows what is published.
    public func isCurrent(_ role: RoleName) -> Bool {
        staged[role]?.version == (published.version(of: role) ?? 0) + 1
    }

    /// The roles whose staged metadata can be published now, all at once.
    ///
    /// A root that would leave the published targets without signers waits for targets that its
    /// own keys have signed; targets that only those have signed wait for the root.
    ///
    /// In the same way a delegated role waits for whoever delegates to it, and a delegator for the
    /// delegated roles whose signers it changes.
    public var publishable: [RoleName] {
        let top = publishableTop
        let delegated = staged.keys.filter { $0 != .root && $0 != .targets && isComplete($0) }
        if isTrusted(top + delegated) { return top + delegated }
        let known = delegated.filter { isComplete($0, publishing: top) }
        if isTrusted(top + known) { return top + known }
        let rest = top.filter { $0 != .targets }
        let old = delegated.filter { isComplete($0, publishing: []) }
        return isTrusted(rest + old) ? rest + old : []
    }

    private var publishableTop: [RoleName] {
        let targetsNow = isComplete(.targets, for: published.root.targets)
        guard isComplete(.root), let next = stagedRoot else { return targetsNow ? [.targets] : [] }
        if isComplete(.targets, for: next.targets) { return [.root, .targets] }
        if isTrusted([.root]) { return [.root] }
        return targetsNow ? [.targets] : []
    }

    /// Whether nothing is missing any more.
    private func isComplete(_ role: RoleName) -> Bool {
        let signers = signers(of: role)
        return !signers.isEmpty && signers.allSatisfy { isComplete(role, for: $0) }
    }

    private func isComplete(_ role: RoleName, for signers: Role) -> Bool {
        guard isCurrent(role), let staged = staged[role] else { return false }
        return staged.progress(for: [signers], checker: cryptography.checker)
            .allSatisfy { $0.missing == 0 }
    }

    private func isComplete(_ role: RoleName, publishing roles: [RoleName]) -> Bool {
        guard case .delegated(let name) = role else { return isComplete(role) }
        let signers = signers(of: name, publishing: roles)
        return !signers.isEmpty && signers.allSatisfy { isComplete(role, for: $0) }
    }

    /// Whether everything would still be signed well enough if just `roles` were published.
    ///
    /// Whatever else may be wrong with them is for those to hear who publish them.
    private func isTrusted(_ roles: [RoleName]) -> Bool {
        guard !roles.isEmpty else { return true }
        var files: [RoleName: [UInt8]] = [:]
        for role in roles { files[role] = staged[role]?.bytes }
        do {
            _ = try published.accept(files, now: Instant(secondsSinceEpoch: .min))
            return true
        } catch {
            if case .untrusted = error { return false }
            return true
        }
    }

    /// Another image of the same release and hardware that waits to be published, by any role.
    public func waiting(insteadOf image: SignedImage) -> SignedImage? {
        staged.keys.filter { isCurrent($0) }.compactMap { targets(of: $0) }
            .flatMap { (try? $0.images().values).map(Array.init) ?? [] }.first {
                $0.image.path != image.image.path && $0.release == image.release
                    && !$0.hardware.isDisjoint(with: image.hardware)
            }
    }

    /// Roles whose staged metadata `key` may sign.
    public func roles(signedBy key: PublicKey) -> [RoleName] {
        staged.keys.filter { role in
            signers(of: role).contains { $0.keys.values.contains(key) }
        }.sorted { $0.text < $1.text }
    }

    /// Signs everything staged that the signer's key may sign.
    ///
    /// - Returns: The roles that it signed; none when it is nobody's key.
    /// - Throws: What the signer throws, or ``SigningError``.
    public mutating func sign(with signer: any Signer) throws -> [RoleName] {
        let roles = roles(signedBy: signer.publicKey)
        for role in roles {
            let signers = signers(of: role)
            try staged[role]?.sign(with: signer, for: signers, checker: cryptography.checker)
        }
        return roles
    }

    /// Adds a signature that was made elsewhere.
    ///
    /// - Throws: ``SigningError``.
    public mutating func add(
        _ signature: [UInt8], by keyID: KeyID, to role: RoleName
    ) throws(SigningError) {
        guard staged[role] != nil else { throw .notStaged(role) }
        let signers = signers(of: role)
        try staged[role]?.add(signature, by: keyID, for: signers, checker: cryptography.checker)
    }
}
