internal import Agent
internal import Model
internal import OpenSSL
internal import Slots

/// The device's own key, in a file that only its owner may read; made when it is first needed.
struct DeviceKey: DeviceIdentity {
    private let key: Ed25519PrivateKey

    init(at path: String) throws(CommandError) {
        do {
            if let status = try FileStatus(of: path), !status.isPrivate {
                throw CommandError.configuration(
                    path: path,
                    problem: "the device's key must belong to the agent's user, and nobody else may"
                        + " read or change it (mode 0600); its mode is \(status.mode)")
            }
            if let pem = try DurableFile.read(path) {
                key = try Ed25519PrivateKey(pem: pem, passphrase: nil)
            } else {
                key = try Ed25519PrivateKey.generate()
                try DurableFile.replace(path, with: key.pem(passphrase: nil))
            }
        } catch let error as CommandError { throw error } catch let error as SlotError {
            throw .device(error)
        } catch {
            throw .configuration(path: path, problem: "\(error)")
        }
    }

    var publicKey: Ed25519PublicKey { key.ed25519PublicKey }

    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return try key.sign(message) } catch { throw IdentityError("\(error)") }
    }
}
