internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import Trust

struct RepoInit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make keys and an empty repository that they sign.",
        discussion: """
            Keys that are named are used; without any, new ones are made in the folder of keys, \
            encrypted where a passphrase is asked for or comes from somewhere.
            """)

    @Argument(help: "A new folder; gets `repository` and, unless named, `keys`.")
    var folder: String
    @Option(help: "The folder of keys; those that are there are used.") var keys: String?
    @Option(help: "How many root keys to make (1 to 16).") var rootKeys = 3
    @Option(help: "How many root keys must sign.") var rootThreshold = 2
    @Option(help: "How many targets keys to make (1 to 16).") var targetsKeys = 1
    @Option(help: "How many targets keys must sign.") var targetsThreshold = 1
    @Option(help: "A root key that exists: as for --key of `repo sign`; repeat for more.")
    var rootKey: [KeySource] = []
    @Option(help: "A targets key that exists; repeat for more.") var targetsKey: [KeySource] = []
    @Flag(help: "Encrypt new offline keys under a passphrase, which is asked for.")
    var encrypt = false
    @Option(help: "How long root is valid.") var expiresRoot = Lifetime(days: 365)
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for (name, keys, threshold) in [
            ("root", rootKey.isEmpty ? rootKeys : rootKey.count, rootThreshold),
            ("targets", targetsKey.isEmpty ? targetsKeys : targetsKey.count, targetsThreshold),
        ] {
            guard (1...16).contains(keys), (1...keys).contains(threshold) else {
                throw ValidationError(
                    "--\(name)-keys takes 1 to 16, and --\(name)-threshold at most as many")
            }
        }
    }

    func run() throws {
        let home = URL(filePath: folder)
        let repository = home.appending(path: "repository")
        guard !FileManager.default.fileExists(atPath: repository.path) else {
            throw SlipwayError.cannotCreate(
                path: repository.path, problem: "there is a repository already")
        }
        let keyFolder = KeyFolder(
            folder: keys.map { URL(filePath: $0) } ?? home.appending(path: "keys"))
        let ceremony = try makeKeys(keyFolder)
        try write(ceremony, to: repository)
        tell(keyFolder, repository, ceremony)
    }

    private struct Ceremony {
        let root: [any Signer]
        let targets: [any Signer]
        let online: OnlineSigners
    }

    private func makeKeys(_ folder: KeyFolder) throws -> Ceremony {
        for folder in [folder.folder, folder.offline, folder.online] {
            try RepositoryFolder.makeDirectory(folder, permissions: 0o700)
        }
        let secret =
            encrypt || passphrase.source != .person
            ? try passphrase.source.newSecret(for: "the new offline keys") : nil
        let root = try offline(rootKey, "root", rootKeys, folder, secret)
        let targets = try offline(targetsKey, "targets", targetsKeys, folder, secret)
        for role in KeyFolder.onlineRoles {
            _ = try folder.ensure(
                URL(filePath: folder.onlineFile(role)), passphrase: passphrase.source, new: nil)
        }
        return Ceremony(root: root, targets: targets, online: try folder.onlineSigners())
    }

    private func offline(
        _ named: [KeySource], _ role: String, _ count: Int, _ folder: KeyFolder,
        _ secret: [UInt8]?
    ) throws -> [any Signer] {
        guard named.isEmpty else { return try named.map { try $0.signer(passphrase.source) } }
        return try (1...count).map { number in
            // One key needs no number.
            let name = role == "targets" && count == 1 ? role : "\(role)-\(number)"
            return try folder.ensure(
                folder.offline.appending(path: "\(name).pem"), passphrase: passphrase.source,
                new: secret)
        }
    }

    private func write(_ ceremony: Ceremony, to place: URL) throws {
        let now = try WritingTime.now
        let writer = RepositoryWriter(cryptography: RepositorySource.cryptography)
        let draft = RootDraft(
            expires: expiresRoot.end(from: now),
            roles: [
                .root: try signers(ceremony.root, rootThreshold),
                .targets: try signers(ceremony.targets, targetsThreshold),
                .snapshot: try signers([ceremony.online.snapshot], 1),
                .timestamp: try signers([ceremony.online.timestamp], 1),
                .offer: try signers([ceremony.online.offer], 1),
            ])
        let root = try writer.root(draft, signers: ceremony.root)
        let targets = try writer.emptyTargets(
            expires: expiry.expiresTargets.end(from: now), signers: ceremony.targets)
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: targets),
            expires: expiry.expiresSnapshot.end(from: now), signers: [ceremony.online.snapshot])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot),
            expires: expiry.expiresTimestamp.end(from: now),
            signers: [ceremony.online.timestamp])
        try check(
            StoredMetadata(root: root, timestamp: timestamp, snapshot: snapshot, targets: targets))
        let folder = try RepositoryFolder(creating: place)
        try folder.write(root, as: "1.root.json")
        try folder.write(targets, as: "1.targets.json")
        try folder.write(snapshot, as: "1.snapshot.json")
        try folder.write(timestamp, as: "timestamp.json")
    }

    private func signers(
        _ keys: [any Signer], _ threshold: Int
    ) throws(SlipwayError) -> RoleSigners {
        do { return try RoleSigners(keys: keys.map(\.publicKey), threshold: threshold) } catch {
            throw .refused("these keys make no repository that can be trusted: \(error)")
        }
    }

    /// Reads it as a client will.
    private func check(_ stored: StoredMetadata) throws(SlipwayError) {
        do {
            _ = try PublishedRepository(
                stored, cryptography: RepositorySource.cryptography, limits: .standard)
        } catch {
            throw .refused("these keys make no repository that can be trusted: \(error)")
        }
    }

    private func tell(_ keys: KeyFolder, _ repository: URL, _ ceremony: Ceremony) {
        guard !output.json else {
            return Output.json([
                "offline_keys": .string(keys.offline.path),
                "online_keys": .string(keys.online.path),
                "repository": .string(repository.path),
                "root_keys": .integer(Int64(ceremony.root.count)),
                "root_threshold": .integer(Int64(rootThreshold)),
                "targets_keys": .integer(Int64(ceremony.targets.count)),
                "targets_threshold": .integer(Int64(targetsThreshold)),
            ])
        }
        let root = "root \(rootThreshold)-of-\(ceremony.root.count)"
        let targets = "targets \(targetsThreshold)-of-\(ceremony.targets.count)"
        say("offline keys  \(keys.offline.path)  (\(root), \(targets))")
        say("online keys   \(keys.online.path)  (snapshot, timestamp, offer)")
        say("repository    \(repository.path)")
        say("Take the offline keys off this machine before anything real is signed.")
    }
}
