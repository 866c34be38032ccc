internal import Agent
internal import Model
internal import OpenSSL
internal import Slots
internal import Trust

/// The device's own key where only another program can use it: in a TPM or a secure element.
///
/// `COMMAND public-key` prints the Ed25519 public key, as PEM, or its 32 bytes in hexadecimal or
/// base 64. `COMMAND sign` reads a message from its standard input and prints the 64 bytes of its
/// signature in hexadecimal or base 64. What they complain about goes to the agent's log.
struct SealedDeviceKey: DeviceIdentity {
    let publicKey: Ed25519PublicKey
    private let command: [String]
    private let timeout: Duration

    private static let maximumAnswerByteCount = 4096

    init(command: [String], timeout: Duration) throws(CommandError) {
        self.command = command
        self.timeout = timeout
        let answer: [UInt8]
        do {
            answer = try Command.answer(
                of: command + ["public-key"], to: [], timeout: timeout,
                maximumByteCount: Self.maximumAnswerByteCount)
        } catch { throw .device(error) }
        guard let key = Self.publicKey(in: answer) else {
            throw .configuration(
                path: "identity_command",
                problem: "\(command.joined(separator: " ")) public-key does not print an Ed25519"
                    + " public key")
        }
        publicKey = key
    }

    /// Returns no signature that is not this key's: the server would only say that it is a stranger's.
    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        let name = "\(command.joined(separator: " ")) sign"
        let answer: [UInt8]
        do {
            answer = try Command.answer(
                of: command + ["sign"], to: message, timeout: timeout,
                maximumByteCount: Self.maximumAnswerByteCount)
        } catch { throw IdentityError("\(error)") }
        guard let signature = Self.bytes(in: answer, count: 64) else {
            throw IdentityError("\(name) does not print 64 bytes in hexadecimal or base 64")
        }
        let checker = OpenSSLSignatureChecker()
        guard checker.isValid(signature, by: .ed25519(publicKey), over: message) else {
            throw IdentityError("\(name) does not sign with the key that it has shown before")
        }
        return signature
    }

    private static func publicKey(in answer: [UInt8]) -> Ed25519PublicKey? {
        if answer.starts(with: Array("-----BEGIN".utf8)) {
            let key = OpenSSLSignatureChecker().publicKey(pem: answer, scheme: .ed25519)
            guard case .ed25519(let bytes)? = key else { return nil }
            return bytes
        }
        return bytes(in: answer, count: 32).flatMap { Ed25519PublicKey(bytes: $0) }
    }

    private static func bytes(in answer: [UInt8], count: Int) -> [UInt8]? {
        let text = String(
            decoding: answer.filter { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        let bytes = Hex.decode(text.lowercased()) ?? Base64.decode(text)
        return bytes?.count == count ? bytes : nil
    }
}
