internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Make and keep the signed repository.",
        subcommands: [Init.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make keys and an empty repository that they sign.")

        @Argument(help: "A new folder; gets `repository` and, unless named, `keys`.")
        var folder: String
        @Option(help: "The folder of keys; those that are there are used.") var keys: String?
        @Option(help: "How many root keys to make (1 to 16).") var rootKeys = 3
        @Option(help: "How many of them must sign.") var rootThreshold = 2
        @Option(help: "How long root is valid.") var expiresRoot = Lifetime(days: 365)
        @OptionGroup var expiry: ExpiryOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...16).contains(rootKeys), (1...rootKeys).contains(rootThreshold) else {
                throw ValidationError(
                    "--root-keys takes 1 to 16, and --root-threshold at most as many")
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
            tell(keyFolder, repository)
        }

        private struct Ceremony {
            let root: [Ed25519PrivateKey]
            let others: [RoleName: Ed25519PrivateKey]

            func signer(_ role: RoleName) -> [any Signer] { others[role].map { [$0] } ?? [] }
        }

        private func makeKeys(_ folder: KeyFolder) throws -> Ceremony {
            for folder in [folder.folder, folder.offline, folder.online] {
                try RepositoryFolder.makeDirectory(folder, permissions: 0o700)
            }
            let root = try (1...rootKeys).map {
                try folder.ensure(folder.offline.appending(path: "root-\($0).pem"))
            }
            var others: [RoleName: Ed25519PrivateKey] = [
                .targets: try folder.ensure(folder.offline.appending(path: "targets.pem"))
            ]
            for role in KeyFolder.onlineRoles {
                others[role] = try folder.ensure(
                    folder.online.appending(path: "\(role.rawValue).pem"))
            }
            return Ceremony(root: root, others: others)
        }

        private func write(_ ceremony: Ceremony, to place: URL) throws {
            let now = try WritingTime.now
            let writer = RepositoryWriter(hashing: OpenSSLHashing())
            var roles = ceremony.others.mapValues {
                RootCeremony.Signers(keys: [$0.publicKey], threshold: 1)
            }
            roles[.root] = RootCeremony.Signers(
                keys: ceremony.root.map(\.publicKey), threshold: rootThreshold)
            let root = try writer.root(
                RootCeremony(version: 1, expires: expiresRoot.end(from: now), roles: roles),
                signers: ceremony.root)
            let targets = try writer.emptyTargets(
                expires: expiry.expiresTargets.end(from: now), signers: ceremony.signer(.targets))
            let snapshot = try writer.snapshot(
                version: 1, targets: targets, targetsVersion: 1,
                expires: expiry.expiresSnapshot.end(from: now),
                signers: ceremony.signer(.snapshot))
            let timestamp = try writer.timestamp(
                version: 1, snapshot: snapshot, snapshotVersion: 1,
                expires: expiry.expiresTimestamp.end(from: now),
                signers: ceremony.signer(.timestamp))
            try check(
                StoredMetadata(
                    root: root, timestamp: timestamp, snapshot: snapshot, targets: targets))
            let folder = try RepositoryFolder(creating: place)
            try folder.write(root, as: "1.root.json")
            try folder.write(targets, as: "1.targets.json")
            try folder.write(snapshot, as: "1.snapshot.json")
            try folder.write(timestamp, as: "timestamp.json")
        }

        /// Reads it as a client will: one key in two files would make the threshold a lie.
        private func check(_ stored: StoredMetadata) throws(SlipwayError) {
            do {
                _ = try PublishedRepository(
                    stored, cryptography: CheckedRepository.cryptography, limits: .standard)
            } catch {
                throw .refused("these keys make no repository that can be trusted: \(error)")
            }
        }

        private func tell(_ keys: KeyFolder, _ repository: URL) {
            guard !output.json else {
                return Output.json([
                    "offline_keys": .string(keys.offline.path),
                    "online_keys": .string(keys.online.path),
                    "repository": .string(repository.path),
                    "root_keys": .integer(Int64(rootKeys)),
                    "root_threshold": .integer(Int64(rootThreshold)),
                ])
            }
            say(
                "offline keys  \(keys.offline.path)  (root \(rootThreshold)-of-\(rootKeys), targets)"
            )
            say("online keys   \(keys.online.path)  (snapshot, timestamp, offer)")
            say("repository    \(repository.path)")
            say("Take the offline keys off this machine before anything real is signed.")
        }
    }
}

/// How long the roles that change often are valid.
struct ExpiryOptions: ParsableArguments {
    @Option(help: "How long targets are valid.") var expiresTargets = Lifetime(days: 180)
    @Option(help: "How long the snapshot is valid.") var expiresSnapshot = Lifetime(days: 7)
    @Option(help: "How long the timestamp is valid.") var expiresTimestamp = Lifetime(days: 1)
}

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make keys.", subcommands: [Generate.self])

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an Ed25519 key in a PKCS#8 PEM file that only its owner may read.")

        @Argument(help: "The file; must not be there yet.") var file: String
        @Option(help: "Encrypt it under the first line of this file.") var passphraseFile: String?
        @OptionGroup var output: OutputOptions

        func run() throws {
            let key = try KeyFile.generate(
                file, passphrase: KeyFile.passphrase(in: passphraseFile))
            let keyID = key.publicKey.keyID(hashing: OpenSSLHashing())
            guard !output.json else {
                return Output.json([
                    "key_id": .string(keyID.text),
                    "public_key": .string(key.ed25519PublicKey.hex),
                ])
            }
            say("key id      \(keyID)")
            say("public key  \(key.ed25519PublicKey.hex)")
        }
    }
}
