internal import JSON
internal import Model
internal import Trust

/// Each kind of metadata as a client takes it.
enum MetadataTarget {
    static func root(_ parts: [[UInt8]]) throws(BrokenPromise) {
        let first = parts.first ?? []
        guard
            var set = try attempt({ () throws(TrustError) in
                try TrustedSet(
                    root: first, now: FuzzRepository.now,
                    cryptography: FuzzRepository.cryptography, limits: FuzzRepository.limits)
            })
        else { return }
        try look(at: set.root)
        try hold((try? set.adoptRoot(first)) == nil, "no root follows itself")
        for next in parts.dropFirst() {
            let version = set.root.version
            guard try attempt({ () throws(TrustError) in try set.adoptRoot(next) }) != nil else {
                try hold(set.root.version == version, "a refused root changes nothing")
                continue
            }
            try hold(set.root.version == version + 1, "roots follow each other one by one")
            try look(at: set.root)
        }
        _ = try attempt { () throws(TrustError) in try set.requireFreshRoot() }
    }

    private static func look(at root: Root) throws(BrokenPromise) {
        for name in RoleName.topLevel {
            try hold(root.role(name).threshold >= 1, "everything needs a signature")
        }
        // The highest version has no successor, whose draft can then only be thrown away.
        guard root.version < .max - 1 else { return }
        let draft = RootDraft(following: root).staged(hashing: FuzzRepository.hashing)
        try stagedReads(draft)
        try hold(draft.version == root.version + 1, "a draft is the next version")
    }

    /// Fits only where it is not much longer than what it follows.
    private static func stagedReads(_ staged: StagedMetadata) throws(BrokenPromise) {
        let bytes = staged.bytes
        guard bytes.count <= FuzzRepository.limits.bytes(of: staged.role) else { return }
        let promise = "a draft reads as what it is"
        let again = try must(promise) { () throws(TrustError) in
            try StagedMetadata(parsing: bytes, of: staged.role, limits: FuzzRepository.limits)
        }
        try hold(again == staged, promise)
    }

    static func timestamp(_ bytes: [UInt8]) throws(BrokenPromise) {
        var set = FuzzRepository.trustedRoot
        guard try attempt({ () throws(TrustError) in try set.adoptTimestamp(bytes) }) != nil else {
            try hold(set.timestamp == nil, "a refused timestamp changes nothing")
            return
        }
        let again = try must("a timestamp is taken twice") { () throws(TrustError) in
            try set.adoptTimestamp(bytes)
        }
        try hold(!again, "a timestamp is new only once")
    }

    static func snapshot(_ bytes: [UInt8]) throws(BrokenPromise) {
        var set = FuzzRepository.trustedTimestamp
        guard try attempt({ () throws(TrustError) in try set.adoptSnapshot(bytes) }) != nil else {
            try hold(set.snapshot == nil, "a refused snapshot changes nothing")
            return
        }
        _ = try must("a snapshot is no rollback of itself") { () throws(TrustError) in
            try set.adoptSnapshot(bytes)
        }
        for role in set.snapshot?.roles ?? [] {
            try hold(set.snapshot?[role] != nil, "a role that is listed is there")
            try hold(!role.storedName.utf8.contains(0x2f), "a role is kept in this folder")
        }
        for file in set.delegatedFiles {
            try hold(
                file.limitBytes <= FuzzRepository.limits.targetsBytes, "metadata widens no limit")
            try Paths.encode(file.file)
        }
    }

    static func targets(_ bytes: [UInt8]) throws(BrokenPromise) {
        var set = FuzzRepository.trustedSnapshot
        guard try attempt({ () throws(TrustError) in try set.adoptTargets(bytes) }) != nil,
            let targets = set.targets
        else {
            try hold(set.targets == nil, "refused targets change nothing")
            return
        }
        for (path, file) in targets.files {
            try Paths.publish(path.text, file)
        }
        guard let images = try attempt({ () throws(JSONShapeError) in try targets.images() })
        else { return }
        for (path, image) in images {
            try hold(image.image.path == path, "an image is where it is listed")
            try hold(!image.hardware.isEmpty, "an image is for some hardware")
        }
        try changes(of: targets, listing: images, as: bytes)
    }

    /// What a keeper makes of them reads as what it should be.
    private static func changes(
        of targets: Targets, listing listed: [TargetPath: SignedImage], as bytes: [UInt8]
    ) throws(BrokenPromise) {
        let stored = StoredMetadata(
            root: FuzzRepository.root, timestamp: FuzzRepository.timestamp,
            snapshot: FuzzRepository.snapshot(), targets: bytes)
        let published = try must("a keeper reads what a client takes") { () throws(TrustError) in
            try PublishedRepository(
                stored, cryptography: FuzzRepository.cryptography, limits: FuzzRepository.limits)
        }
        let renewed = try adopt(.renew, in: published)
        if let renewed {
            try hold(
                renewed.files == targets.files
                    && renewed.withdrawn == targets.withdrawn
                    && renewed.delegations == targets.delegations, "renewing changes nothing else")
        }
        let images = listed.values.sorted { $0.image.path.text < $1.image.path.text }
        if let withdrawn = try adopt(.withdraw(images), in: published) {
            try hold(
                images.allSatisfy { withdrawn.files[JSONString($0.image.path.text)] == nil },
                "withdrawn images are not listed")
            try hold(
                images.allSatisfy { withdrawn.withdrawn[$0.image.path] != nil },
                "withdrawn images are noted")
        }
        for image in images.prefix(1) { _ = try adopt(.add(image), in: published) }
        guard case .roles(let roles) = targets.delegations?.kind, let first = roles.first else {
            return
        }
        let revoked = try adopt(.revoke(first.name), in: published)
        if let revoked, case .roles(let left) = revoked.delegations?.kind {
            try hold(left == Array(roles.dropFirst()), "revoking leaves the other roles alone")
        }
    }

    private static func adopt(
        _ change: TargetsChange, in published: PublishedRepository
    ) throws(BrokenPromise) -> Targets? {
        var round = SigningRound(
            published: published, staged: [], cryptography: FuzzRepository.cryptography)
        let staged = round.change(.targets, change, expires: FuzzRepository.expires)
        try stagedReads(staged)
        let bytes = FuzzRepository.signed(staged.document)
        guard bytes.count <= FuzzRepository.limits.targetsBytes else { return nil }
        var set = FuzzRepository.nextSnapshot
        try must("changed targets are taken") { () throws(TrustError) in
            try set.adoptTargets(bytes)
        }
        try hold(set.targets == round.targets(of: .targets), "a draft says what it will say")
        return set.targets
    }
}
