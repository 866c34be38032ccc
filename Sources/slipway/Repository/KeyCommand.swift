internal import ArgumentParser
internal import JSON
internal import Model
internal import Trust

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make keys, look at them, and sign with them elsewhere.",
        subcommands: [Generate.self, Show.self, Sign.self])

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key in a PKCS#8 PEM file that only its owner may read.")

        @Argument(help: "The file; must not be there yet.") var file: String
        @Option(help: "ed25519 or p256.") var type = KeyKind.ed25519
        @Flag(help: "Encrypt it under a passphrase, which is asked for.") var encrypt = false
        @Option(help: "Write the public key here, too.") var publicKey: String?
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let secret =
                encrypt || passphrase.source != .person
                ? try passphrase.source.newSecret(for: file) : nil
            let key = try KeyFile.generate(file, scheme: type, passphrase: secret).publicKey
            if let publicKey { try PublicKeyFile.write(key, to: publicKey) }
            KeyView.tell(key, output)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell the key id and the public key.")

        @Argument(help: KeySource.help) var key: KeySource
        @Option(help: "Write the public key in PEM form here.") var publicKey: String?
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let found = try key.publicKey(passphrase.source)
            if let publicKey { try PublicKeyFile.write(found, to: publicKey) }
            KeyView.tell(found, output)
        }
    }

    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign what `repo export` wrote, away from the repository.",
            discussion: "Shows what is signed; the signatures go back by `repo import`.")

        @Argument(help: "The file that `repo export` wrote.") var request: String
        @Option(help: "Where the signatures go.") var out: String
        @OptionGroup var signing: SigningOptions
        @OptionGroup var passphrase: PassphraseOptions

        func run() throws {
            let request = try SigningRequest(reading: request)
            var signatures: [DetachedSignature] = []
            for signer in try signing.signers(passphrase.source) {
                for entry in request.entries {
                    signatures += try Self.sign(entry, signer)
                }
            }
            guard !signatures.isEmpty else {
                throw SlipwayError.notPermitted("none of the keys may sign any of it")
            }
            try TextFile.write(DetachedSignature.json(signatures), to: out)
        }

        private static func sign(
            _ entry: SigningRequest.Entry, _ signer: any Signer
        ) throws -> [DetachedSignature] {
            let keyIDs = entry.keys.filter { $0.value == signer.publicKey }.map(\.key)
            guard !keyIDs.isEmpty else { return [] }
            let metadata = entry.metadata
            let bytes: [UInt8]
            do { bytes = try signer.sign(metadata.payload) } catch {
                throw SlipwayError.notPermitted("the key cannot sign: \(error)")
            }
            let checker = RepositorySource.cryptography.checker
            guard checker.isValid(bytes, by: signer.publicKey, over: metadata.payload) else {
                throw SlipwayError.notPermitted("the signer made no valid signature")
            }
            let digest = RepositorySource.cryptography.hashing.sha256(metadata.payload)
            say("signed \(metadata.role) version \(metadata.version)")
            say("  expires \(metadata.expires), SHA-256 of what is signed \(digest)")
            say(JSONValue.object(metadata.document).prettyText)
            return keyIDs.sorted().map {
                DetachedSignature(role: metadata.role, keyID: $0, bytes: bytes)
            }
        }
    }
}

/// What a person is told of a key.
private enum KeyView {
    static func tell(_ key: PublicKey, _ output: OutputOptions) {
        let keyID = key.keyID(hashing: RepositorySource.cryptography.hashing)
        guard !output.json else {
            return Output.json([
                "key_id": .string(keyID.text), "scheme": .string(key.scheme.rawValue),
                "public_key": .string(key.text),
            ])
        }
        say("key id      \(keyID)")
        say("scheme      \(key.scheme.rawValue)")
        say("public key  \(key.text)")
    }
}
