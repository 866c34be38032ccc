import Foundation
internal import OpenSSL
internal import Trust

/// A private key in a file that only its owner may read.
enum KeyFile {
    /// - Parameter passphrase: Asked for only when the key is encrypted.
    /// - Throws: ``SlipwayError``; also for a file that others could have read.
    static func read(
        _ path: String, passphrase: PassphraseSource
    ) throws(SlipwayError) -> any Signer {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        // What a link leads to is what others can read; the link itself is open to all.
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(filePath: path).resolvingSymlinksInPath().path)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        guard mode & 0o077 == 0 else {
            throw .notPermitted(
                "\(path) can be read by others (mode \(String(mode, radix: 8))); chmod 600 it, and"
                    + " replace the key if it may have been seen")
        }
        return try open(Array(data), path, passphrase)
    }

    private static func open(
        _ pem: [UInt8], _ path: String, _ passphrase: PassphraseSource
    ) throws(SlipwayError) -> any Signer {
        do { return try PEMPrivateKey.read(pem, passphrase: nil) } catch {
            guard error == .passphraseNeeded else {
                throw .badInput(path: path, problem: "\(error)")
            }
        }
        guard let secret = try passphrase.secret(for: path) else {
            throw .badInput(path: path, problem: "\(PEMError.passphraseNeeded)")
        }
        do { return try PEMPrivateKey.read(pem, passphrase: secret) } catch {
            throw .badInput(path: path, problem: "\(error)")
        }
    }

    /// Makes a new key; refuses to overwrite one.
    static func generate(
        _ path: String, scheme: KeyKind = .ed25519, passphrase: [UInt8]?
    ) throws(SlipwayError) -> any Signer {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw .cannotCreate(path: path, problem: "it is there already")
        }
        let key: any Signer
        let pem: [UInt8]
        do {
            switch scheme {
            case .ed25519:
                let new = try Ed25519PrivateKey.generate()
                (key, pem) = (new, try new.pem(passphrase: passphrase))
            case .p256:
                let new = try P256PrivateKey.generate()
                (key, pem) = (new, try new.pem(passphrase: passphrase))
            }
        } catch { throw .refused("no key could be made: \(error)") }
        // Foundation sets a mode only afterwards, and somebody could read the key before that.
        let before = umask(0o077)
        defer { _ = umask(before) }
        do {
            try Data(pem).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw .cannotCreate(path: path, problem: error.localizedDescription)
        }
        return key
    }
}

/// The folder that `repo init` makes: keys that stay offline, and keys for the server.
struct KeyFolder {
    let folder: URL

    var offline: URL { folder.appending(path: "offline") }
    var online: URL { folder.appending(path: "online") }

    static let onlineRoles: [RoleName] = [.snapshot, .timestamp, .offer]

    func onlineFile(_ role: RoleName) -> String {
        online.appending(path: "\(role.text).pem").path
    }

    func onlineSigners() throws(SlipwayError) -> OnlineSigners {
        // Programs use these keys unattended: they have no passphrase.
        let none = PassphraseSource.nobody
        return OnlineSigners(
            snapshot: try KeyFile.read(onlineFile(.snapshot), passphrase: none),
            timestamp: try KeyFile.read(onlineFile(.timestamp), passphrase: none),
            offer: try KeyFile.read(onlineFile(.offer), passphrase: none))
    }

    /// The targets keys that are here: in the folder itself, or among the offline keys.
    var targetsFiles: [String] {
        [folder, offline].lazy.map(Self.targetsFiles).first { !$0.isEmpty } ?? []
    }

    private static func targetsFiles(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix("targets") && $0.hasSuffix(".pem") }.sorted()
            .map { folder.appending(path: $0).path }
    }

    /// Reads the key at `path`, or makes it when it is not there.
    func ensure(
        _ path: URL, passphrase: PassphraseSource, new: [UInt8]?
    ) throws(SlipwayError) -> any Signer {
        guard !FileManager.default.fileExists(atPath: path.path) else {
            return try KeyFile.read(path.path, passphrase: passphrase)
        }
        return try KeyFile.generate(path.path, passphrase: new)
    }
}
