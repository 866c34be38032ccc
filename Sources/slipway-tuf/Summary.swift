internal import JSON
internal import Model
internal import Slots
internal import Trust

/// What is trusted, in words for a person.
struct Summary {
    private let repository: TrustedSet
    private let stored: StoredMetadata

    /// Reads the trusted metadata as it lies there; nothing is asked for.
    init(_ folder: MetadataFolder) throws(ClientError) {
        stored = try folder.load()
        do {
            // At the beginning of time nothing has expired: what was trusted is shown.
            var set = try TrustedSet(
                root: stored.root, now: Instant(secondsSinceEpoch: .min),
                cryptography: Client.cryptography, limits: .standard)
            if let timestamp = stored.timestamp { try set.adoptTimestamp(timestamp) }
            if let snapshot = stored.snapshot { try set.adoptSnapshot(snapshot) }
            if let targets = stored.targets { try set.adoptTargets(targets) }
            repository = set
        } catch { throw .untrusted(MetadataRefusal(file: folder.path, reason: error)) }
    }

    func tell() {
        let root = repository.root
        tell(root.root, version: root.version, expires: root.expires)
        tell(
            root.timestamp, version: repository.timestamp?.version,
            expires: repository.timestamp?.expires)
        tell(
            root.snapshot, version: repository.snapshot?.version,
            expires: repository.snapshot?.expires)
        tell(
            root.targets, version: repository.targets?.version,
            expires: repository.targets?.expires)
        guard let targets = repository.targets else { return }
        tell(targets.delegations)
        for (path, file) in targets.files.sorted(by: { $0.key < $1.key }) {
            Console.answer("target \(path.quoted), \(file.length) bytes, \(file.hashes)")
        }
    }

    private func tell(_ role: Role, version: Int64?, expires: Instant?) {
        var line = "\(role.name) "
        if let version, let expires {
            line += "version \(version), expires \(expires)"
        } else {
            line += "not fetched yet"
        }
        Console.answer("\(line); \(role.threshold) of \(role.keys.count) keys sign")
        for (keyID, key) in role.keys.sorted(by: { $0.key < $1.key }) {
            Console.answer("  key \(keyID) \(key.scheme.rawValue)")
        }
    }

    private func tell(_ delegations: Delegations?) {
        switch delegations?.kind {
        case .none: return
        case .bins(let bins):
            Console.answer("delegates every path to bins \(bins.namePrefix)-…")
        case .roles(let roles):
            for role in roles {
                let scope =
                    switch role.scope {
                    case .paths(let patterns): patterns.map(\.text.quoted)
                    case .hashPrefixes(let prefixes): prefixes
                    }
                let ending = role.isTerminating ? ", and nobody else" : ""
                Console.answer(
                    "delegates \(scope.joined(separator: " ")) to \(role.role.name)\(ending);"
                        + " \(role.role.threshold) of \(role.role.keys.count) keys sign")
            }
        }
    }
}
