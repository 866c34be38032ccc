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
        var offered: [RoleName: [UInt8]] = [:]
        for part in parts.dropFirst(4) {
            let line = String(decoding: part.prefix { $0 != 0x0a }, as: UTF8.self)
            let bytes = Array(part.drop { $0 != 0x0a }.dropFirst())
            if line.hasPrefix("+") {
                if let role = RoleName(String(line.dropFirst())) { offered[role] = bytes }
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
        try sign(offered, for: repository)
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
        _ offered: [RoleName: [UInt8]], into repository: PublishedRepository
    ) throws(BrokenPromise) {
        let taken = try attempt { () throws(PublishRefusal) in
            try repository.accept(offered, now: FuzzRepository.now)
        }
        guard let accepted = taken else { return }
        try hold(accepted.count == offered.count, "all is accepted or nothing")
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
        for metadata in accepted {
            try hold(
                next.version(of: metadata.role) == metadata.version, "what is accepted is there")
        }
        let files = next.files(changedSince: repository)
        try hold(files.last?.name == "timestamp.json", "the timestamp comes last")
        for file in files { try Paths.encode(file.name) }
        try look(at: next)
    }

    /// What several people sign before it is published.
    private static func sign(
        _ offered: [RoleName: [UInt8]], for repository: PublishedRepository
    ) throws(BrokenPromise) {
        var round = SigningRound(
            published: repository, staged: [], cryptography: FuzzRepository.cryptography)
        for (role, bytes) in offered {
            let staged = try attempt { () throws(TrustError) in
                try StagedMetadata(parsing: bytes, of: role, limits: FuzzRepository.limits)
            }
            if let staged { round.stage(staged) }
        }
        _ = try attempt { try round.sign(with: EmptySigner(publicKey: FuzzRepository.key)) }
        for role in round.publishable {
            try hold(round.isCurrent(role), "what can be published follows what is")
            try hold(
                round.progress(of: role).contains { $0.missing == 0 },
                "what can be published is signed")
        }
        for role in [RoleName.targets] + repository.delegated.keys.map({ .delegated($0) })
            + offered.keys.filter({ ![.root, .timestamp, .snapshot, .offer].contains($0) })
        {
            _ = round.change(role, .renew, expires: FuzzRepository.expires)
        }
        _ = round.changeRoot { $0.expires = FuzzRepository.expires }
    }

    /// The answers to what a keeper asks for that reads a repository from its place.
    static func reading(_ parts: [[UInt8]]) throws(BrokenPromise) {
        var answers = parts
        let repository = try attempt {
            try PublishedRepository(
                startingAt: FuzzRepository.root, cryptography: FuzzRepository.cryptography,
                limits: FuzzRepository.limits
            ) { name, limitBytes in
                try Paths.encode(name)
                let answer = answers.isEmpty ? [] : answers.removeFirst()
                return answer.isEmpty || answer.count > limitBytes ? nil : answer
            }
        }
        guard let repository else { return }
        try look(at: repository)
        try publish([:], into: repository)
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
