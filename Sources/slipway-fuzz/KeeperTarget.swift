internal import JSON
internal import Model
internal import Trust

/// Metadata as whoever keeps a repository reads and publishes it.
enum KeeperTarget {
    /// After the four top-level roles: `NAME`, a line end and the metadata of a delegated role, or
    /// `+ROLE`, a line end and metadata that somebody wants to publish.
    static func repository(_ parts: [[UInt8]]) throws(BrokenPromise) {
        guard parts.count >= 4 else { return }
        var stored = StoredMetadata(
            root: parts[0].isEmpty ? FuzzRepository.root : parts[0],
            timestamp: parts[1].isEmpty ? FuzzRepository.timestamp : parts[1],
            snapshot: parts[2].isEmpty ? FuzzRepository.snapshot() : parts[2], targets: parts[3])
        var offered: [(role: RoleName, bytes: [UInt8])] = []
        for part in parts.dropFirst(4) {
            let line = String(decoding: part.prefix { $0 != 0x0a }, as: UTF8.self)
            let bytes = Array(part.drop { $0 != 0x0a }.dropFirst())
            if line.hasPrefix("+") {
                if let role = RoleName(String(line.dropFirst())) { offered.append((role, bytes)) }
            } else if let name = DelegatedRoleName(line) {
                stored.delegated[name] = bytes
            }
        }
        guard
            let repository = try attempt({ () throws(TrustError) in
                try PublishedRepository(
                    stored, cryptography: FuzzRepository.cryptography,
                    limits: FuzzRepository.limits)
            })
        else { return }
        try look(at: repository)
        try publish(offered, into: repository)
    }

    private static func look(at repository: PublishedRepository) throws(BrokenPromise) {
        _ = repository.withdrawn
        for image in repository.images {
            for hardware in image.hardware {
                try hold(
                    repository.image(of: image.release, for: hardware) != nil,
                    "an image is found by its release")
            }
            let counter = repository.counter(for: image.release, afterAll: false)
            try hold(counter >= 1, "release counters begin at 1")
            try hold(
                repository.counter(for: image.release, afterAll: true) >= counter,
                "a release that comes after all comes after its version")
        }
        var named = Set(repository.delegated.keys.map { RoleName.delegated($0) })
        if case .roles(let roles) = repository.targets.delegations?.kind {
            named.formUnion(roles.map { RoleName.delegated($0.name) })
        }
        let listed = Set(repository.snapshot.roles)
        for role in named {
            try hold(!repository.signers(of: role).isEmpty, "a delegated role has signers")
            guard repository.snapshot[role] != nil else { continue }
            try hold(
                listed.contains(role), "a snapshot lists every role that it describes")
        }
    }

    private static func publish(
        _ offered: [(role: RoleName, bytes: [UInt8])], into repository: PublishedRepository
    ) throws(BrokenPromise) {
        var accepted: [AcceptedMetadata] = []
        for (role, bytes) in offered {
            let taken = try attempt { () throws(PublishRefusal) in
                try repository.accept(bytes, of: role, with: accepted, now: FuzzRepository.now)
            }
            if let taken { accepted.append(taken) }
        }
        let expiry = PublishedRepository.Expiry(
            snapshot: FuzzRepository.expires, timestamp: FuzzRepository.expires)
        let signer = EmptySigner(publicKey: FuzzRepository.key)
        let next = try attempt {
            try repository.publishing(
                accepted, expiry: expiry,
                signers: OnlineSigners(snapshot: signer, timestamp: signer, offer: signer))
        }
        guard let next else { return }
        try hold(
            next.snapshot.version == repository.snapshot.version + 1,
            "every publication has a snapshot of its own")
        try look(at: next)
    }

    static func staged(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let delegated = RoleName("a") else { preconditionFailure("a is a role's name") }
        for role in RoleName.topLevel + [delegated] {
            func read(_ bytes: [UInt8]) throws(TrustError) -> StagedMetadata {
                try StagedMetadata(parsing: bytes, of: role, limits: FuzzRepository.limits)
            }
            guard
                let staged = try attempt({ () throws(TrustError) in try read(bytes) })
            else { continue }
            let promise = "a draft that is written reads as the same draft"
            let again = try must(promise) { () throws(TrustError) in try read(staged.bytes) }
            try hold(again == staged, promise)
            try hold(staged.version >= 1, "a draft has a version")
            let signers = FuzzRepository.trustedRoot.root.targets
            for progress in staged.progress(for: [signers], checker: YesSayer()) {
                try hold(
                    progress.signed.count + progress.waiting.count == signers.keys.count,
                    "every key has signed or may still sign")
            }
        }
    }
}
