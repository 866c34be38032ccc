import Foundation
internal import Model
internal import Trust
internal import Wire

/// A repository in the hands of somebody who changes it.
///
/// What is changed is staged first, signed by whoever has the keys, and published as soon as
/// nothing is missing. A folder is locked from reading it until the command ends.
final class Workspace {
    let source: RepositorySource
    private(set) var round: SigningRound
    private let staged: StagedFolder
    private let keys: KeyFolder?
    private let anchor: [UInt8]?
    private let lock: RepositoryLock?
    /// Images whose bytes this command put in place.
    var brought: Set<ImageReference> = []
    /// Staged or signed by this command, and not saved yet.
    private var changed: Set<RoleName> = []

    init(
        _ source: RepositorySource, anchor: [UInt8]?, _ staged: StagedFolder, _ keys: KeyFolder?
    ) throws(SlipwayError) {
        if case .folder(let folder) = source {
            lock = try RepositoryLock(folder)
            folder.removeLeftovers()
        } else {
            lock = nil
        }
        self.source = source
        self.staged = staged
        self.keys = keys
        self.anchor = anchor
        round = SigningRound(
            published: try source.published(root: anchor), staged: try staged.load(),
            cryptography: RepositorySource.cryptography)
        // A command that was cut off after it had published leaves behind what it published.
        for (role, metadata) in round.staged where published.stored[role] == metadata.bytes {
            try? staged.remove(role)
            round.discard(role)
        }
    }

    var published: PublishedRepository { round.published }

    /// The targets keys that lie in the key folder.
    var targetsKeys: [KeySource] { (keys?.targetsFiles ?? []).map { KeySource(file: $0) } }

    /// Stages a change of targets, on top of what is staged of them already.
    func change(_ role: RoleName, _ change: TargetsChange, expires: Instant) {
        _ = round.change(role, change, expires: expires)
        changed.insert(role)
    }

    /// Stages a change of root, on top of what is staged of it already.
    func changeRoot(_ change: (inout RootDraft) -> Void) {
        _ = round.changeRoot(change)
        changed.insert(.root)
    }

    /// Forgets what was staged of `role`.
    func discard(_ role: RoleName) throws(SlipwayError) {
        try staged.remove(role)
        round.discard(role)
    }

    /// Signs everything staged that the signers may sign.
    ///
    /// - Throws: ``SlipwayError/notPermitted(_:)`` for a key that may sign none of it.
    func sign(_ signers: [any Signer]) throws(SlipwayError) {
        for signer in signers {
            let roles: [RoleName]
            do { roles = try round.sign(with: signer) } catch {
                throw .notPermitted("the key cannot sign: \(error)")
            }
            guard !roles.isEmpty else {
                let keyID = signer.publicKey.keyID(
                    hashing: RepositorySource.cryptography.hashing)
                throw .notPermitted("key \(keyID) may sign nothing of what is staged")
            }
            changed.formUnion(roles)
        }
    }

    /// Adds a signature that was made elsewhere.
    func add(_ signature: [UInt8], by keyID: KeyID, to role: RoleName) throws(SlipwayError) {
        do { try round.add(signature, by: keyID, to: role) } catch { throw .refused("\(error)") }
        changed.insert(role)
    }

    /// Keeps what was staged and signed; a command that fails before this changes nothing.
    private func save() throws(SlipwayError) {
        for role in changed {
            if let metadata = round.staged[role] { try staged.save(metadata) }
        }
        changed = []
    }

    // MARK: - Publishing

    /// Keeps what was staged and signed, and publishes whatever is complete, all at once.
    ///
    /// - Returns: What was published.
    func publishComplete(_ expiry: ExpiryOptions) throws -> [RoleName] {
        let roles = round.publishable
        // What can never be published is not kept either.
        if !roles.isEmpty { _ = try accept(files(of: roles)) }
        try save()
        if !roles.isEmpty { try publish(roles, expiry) }
        return roles
    }

    private func publish(_ roles: [RoleName], _ expiry: ExpiryOptions) throws {
        let files = files(of: roles)
        switch source {
        case .folder(let folder): try publish(files, in: folder, expiry)
        case .server(let client):
            let submission = MetadataSubmission(
                files: Dictionary(uniqueKeysWithValues: files.map { ($0.key.text, $0.value) }))
            let _: ListAnswer<ReleaseSummary> = try client.post("metadata", submission.bytes)
        case .url: preconditionFailure("metadata is published to folders and servers")
        }
        for role in roles { try staged.remove(role) }
        round = SigningRound(
            published: try source.published(root: anchor), staged: try staged.load(),
            cryptography: RepositorySource.cryptography)
    }

    private func files(of roles: [RoleName]) -> [RoleName: [UInt8]] {
        var files: [RoleName: [UInt8]] = [:]
        for role in roles { files[role] = round.staged[role]?.bytes }
        return files
    }

    private func publish(
        _ files: [RoleName: [UInt8]], in folder: RepositoryFolder, _ expiry: ExpiryOptions
    ) throws {
        let accepted = try accept(files)
        for image in accepted.flatMap(\.images) where !published.images.contains(image) {
            // What this command has just put there was compared on the way.
            guard try brought.contains(image.image) || folder.holds(image.image) else {
                throw SlipwayError.refused(
                    "the bytes of \(image.image.path) are not in the repository: publish the image"
                        + " again")
            }
        }
        try write(accepted, to: folder, expiry)
    }

    private func accept(
        _ files: [RoleName: [UInt8]]
    ) throws(SlipwayError) -> [AcceptedMetadata] {
        do { return try published.accept(files, now: WritingTime.clock) } catch {
            switch error {
            case .outdated: throw .tryAgain("\(error)")
            case .untrusted, .changes, .twoImages, .notFound, .withdrawn: throw .refused("\(error)")
            }
        }
    }

    /// Signs snapshot and timestamp anew, and writes them after what they name.
    private func write(
        _ accepted: [AcceptedMetadata], to folder: RepositoryFolder, _ expiry: ExpiryOptions
    ) throws {
        guard let keys else { throw SlipwayError.missing(path: "--keys") }
        let next: PublishedRepository
        do {
            next = try published.publishing(
                accepted, expiry: expiry.expiry(from: WritingTime.now),
                signers: keys.onlineSigners())
        } catch let error as TrustError {
            throw SlipwayError.notPermitted("the online keys do not fit: \(error)")
        }
        for file in next.files(changedSince: published) {
            try folder.write(file.bytes, as: file.name)
        }
    }

    /// Signs snapshot and timestamp anew, whatever their age.
    func refresh(_ expiry: ExpiryOptions) throws {
        guard case .folder(let folder) = source else {
            throw SlipwayError.refused("a server signs snapshot and timestamp by itself")
        }
        try write([], to: folder, expiry)
        round = SigningRound(
            published: try source.published(root: anchor), staged: try staged.load(),
            cryptography: RepositorySource.cryptography)
    }
}
