import Foundation
internal import Model
internal import OpenSSL
internal import Trust

/// A private key in a file that only its owner may read.
enum KeyFile {
    /// - Throws: ``SlipwayError``; also for a file that others could have read.
    static func read(
        _ path: String, passphrase: [UInt8]? = nil
    ) throws(SlipwayError) -> Ed25519PrivateKey {
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
        do { return try Ed25519PrivateKey(pem: Array(data), passphrase: passphrase) } catch {
            throw .badInput(path: path, problem: "\(error)")
        }
    }

    /// Makes a new key; refuses to overwrite one.
    static func generate(
        _ path: String, passphrase: [UInt8]? = nil
    ) throws(SlipwayError) -> Ed25519PrivateKey {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw .cannotCreate(path: path, problem: "it is there already")
        }
        let key: Ed25519PrivateKey
        let pem: [UInt8]
        do {
            key = try Ed25519PrivateKey.generate()
            pem = try key.pem(passphrase: passphrase)
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

    /// The first line of the file, for `--passphrase-file`.
    static func passphrase(in path: String?) throws(SlipwayError) -> [UInt8]? {
        guard let path else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        return Array(data.prefix { $0 != UInt8(ascii: "\n") })
    }
}

/// The folder that `repo init` makes: keys that stay offline, and keys for the server.
struct KeyFolder {
    let folder: URL

    var offline: URL { folder.appending(path: "offline") }
    var online: URL { folder.appending(path: "online") }

    static let onlineRoles: [RoleName] = [.snapshot, .timestamp, .offer]

    func online(_ role: RoleName) throws(SlipwayError) -> Ed25519PrivateKey {
        try KeyFile.read(online.appending(path: "\(role.rawValue).pem").path)
    }

    /// The targets key, in the folder itself where somebody carries only that one around.
    func targets(passphrase: [UInt8]?) throws(SlipwayError) -> Ed25519PrivateKey {
        let alone = folder.appending(path: "targets.pem")
        let file =
            FileManager.default.fileExists(atPath: alone.path)
            ? alone : offline.appending(path: "targets.pem")
        return try KeyFile.read(file.path, passphrase: passphrase)
    }

    /// Reads the key at `path`, or makes it when it is not there.
    func ensure(_ path: URL) throws(SlipwayError) -> Ed25519PrivateKey {
        guard !FileManager.default.fileExists(atPath: path.path) else {
            return try KeyFile.read(path.path)
        }
        return try KeyFile.generate(path.path)
    }
}
