internal import ArgumentParser
import Foundation
internal import Model
internal import OpenSSL
internal import Signers
internal import Trust

/// The kinds of key that are made here.
enum KeyKind: String, ExpressibleByArgument, CaseIterable {
    case ed25519
    case p256
}

/// Where a key is: a file, a token, an agent, or a program that signs.
struct KeySource: ExpressibleByArgument {
    let text: String
    private let place: Place

    static let help = ArgumentHelp(
        "A key that signs; repeat for more.",
        discussion: """
            A PEM file; pkcs11:token=NAME;object=LABEL?module-path=FILE; ssh-agent:WHAT, where \
            WHAT is the comment or the public key in hexadecimal; or command:PUBLIC:PROGRAM, where \
            PUBLIC is a PEM file with the public key and PROGRAM, with its arguments, reads \
            {"keyid", "scheme", "payload"} and answers {"sig"}.
            """)

    private enum Place {
        case file
        case pkcs11
        case sshAgent(String)
        case command(publicKey: String, arguments: [String])
    }

    init?(argument: String) {
        text = argument
        if argument.hasPrefix("pkcs11:") {
            place = .pkcs11
        } else if argument.hasPrefix("ssh-agent:") {
            place = .sshAgent(String(argument.dropFirst("ssh-agent:".count)))
        } else if argument.hasPrefix("command:") {
            let parts = argument.split(separator: ":", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { return nil }
            place = .command(
                publicKey: parts[1], arguments: parts[2].split(separator: " ").map(String.init))
        } else {
            place = .file
        }
    }

    init(file: String) {
        text = file
        place = .file
    }

    /// How long a program that signs may take: people may have to touch a token for it.
    private static let timeoutSeconds = 120

    /// - Throws: ``SlipwayError`` when there is no such key, or it cannot be used.
    func signer(_ passphrase: PassphraseSource) throws(SlipwayError) -> any Signer {
        do {
            switch place {
            case .file: return try KeyFile.read(text, passphrase: passphrase)
            case .pkcs11: return try token(passphrase)
            case .sshAgent(let which): return try agent(which)
            case .command(let publicKey, let arguments):
                let key = try PublicKeyFile.read(publicKey)
                return CommandSigner(
                    command: arguments, publicKey: key,
                    keyID: key.keyID(hashing: RepositorySource.cryptography.hashing),
                    timeout: .seconds(Self.timeoutSeconds))
            }
        } catch let error as SlipwayError { throw error } catch {
            throw .badInput(path: text, problem: "\(error)")
        }
    }

    /// The public half alone, which a file with a public key has, too.
    func publicKey(_ passphrase: PassphraseSource) throws(SlipwayError) -> PublicKey {
        if case .file = place, let key = try? PublicKeyFile.read(text) { return key }
        return try signer(passphrase).publicKey
    }

    private func token(_ passphrase: PassphraseSource) throws -> any Signer {
        let cryptography = RepositorySource.cryptography
        return try PKCS11Signer(
            PKCS11URI(parsing: text), pin: passphrase.secret(for: text),
            hashing: cryptography.hashing, checker: cryptography.checker)
    }

    private func agent(_ which: String) throws -> any Signer {
        guard let socket = ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"] else {
            throw SlipwayError.missing(path: "SSH_AUTH_SOCK")
        }
        let agent = SSHAgent(
            socketPath: socket, timeout: .seconds(Self.timeoutSeconds),
            checker: RepositorySource.cryptography.checker)
        let identity = try agent.identities().first {
            $0.comment == which || $0.publicKey.text == which
        }
        guard let identity else { throw SlipwayError.missing(path: text) }
        return try agent.signer(for: identity.publicKey)
    }
}

/// A public key in a PEM file (RFC 7468 section 13).
enum PublicKeyFile {
    private static let limitBytes = 65_536

    static func write(_ key: PublicKey, to path: String) throws(SlipwayError) {
        do {
            try Data(key.pem.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch { throw .cannotCreate(path: path, problem: error.localizedDescription) }
    }

    static func read(_ path: String) throws(SlipwayError) -> PublicKey {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        let checker = RepositorySource.cryptography.checker
        let pem = Array(data.prefix(limitBytes))
        for scheme in SignatureScheme.allCases {
            if let key = checker.publicKey(pem: pem, scheme: scheme) { return key }
        }
        throw .badInput(
            path: path, problem: "it is no public key (Ed25519, P-256 or RSA) in PEM form")
    }
}
