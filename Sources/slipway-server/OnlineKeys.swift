import Foundation
internal import OpenSSL
internal import Trust

/// The three keys that may lie on a server.
enum OnlineKeys {
    static func read(_ folder: String?) throws(ServerProblem) -> OnlineSigners {
        guard let folder else {
            throw .configuration("name the folder of the online keys by --online-keys")
        }
        return OnlineSigners(
            snapshot: try key("\(folder)/snapshot.pem"),
            timestamp: try key("\(folder)/timestamp.pem"),
            offer: try prepared("\(folder)/offer.pem"))
    }

    /// For the key that signs every answer to a device.
    private static func prepared(_ path: String) throws(ServerProblem) -> QuickSigner {
        let key = try key(path)
        do { return try QuickSigner(key) } catch {
            throw .configuration("\(path): \(error)")
        }
    }

    private static func key(_ path: String) throws(ServerProblem) -> Ed25519PrivateKey {
        let data = try SecretFile.read(path, orSay: "\(path): there is no such key")
        do { return try Ed25519PrivateKey(pem: Array(data), passphrase: nil) } catch {
            throw .configuration("\(path): \(error)")
        }
    }
}
