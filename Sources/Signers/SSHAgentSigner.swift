public import Trust

/// Signs by one key of an ssh-agent; made by ``SSHAgent/signer(for:)``.
public struct SSHAgentSigner: Signer {
    public let publicKey: PublicKey
    public let agent: SSHAgent
    /// The key's name in the protocol.
    let blob: [UInt8]

    init(publicKey: PublicKey, agent: SSHAgent) throws(SSHAgentError) {
        guard let blob = SSHKeyBlob.encode(publicKey) else {
            throw .unsupported(scheme: publicKey.scheme.rawValue)
        }
        self.publicKey = publicKey
        self.agent = agent
        self.blob = blob
    }

    /// The longest message that the agent can be asked to sign: a little less than 256 KiB.
    public var maximumMessageByteCount: Int {
        SSHAgent.maximumMessageByteCount - request(for: []).count
    }

    /// Has the agent sign `message`; blocks until it does, which may take its user's consent.
    ///
    /// The signature has not been checked.
    ///
    /// - Throws: ``SSHAgentError``.
    public func sign(_ message: [UInt8]) throws(SSHAgentError) -> [UInt8] {
        guard message.count <= maximumMessageByteCount else {
            throw .tooLong(byteCount: message.count, limitBytes: maximumMessageByteCount)
        }
        var answer = try agent.answer(
            to: request(for: message), as: SSHAgent.MessageType.signature)
        let signature = try answer.string()
        try answer.end()
        return try unwrapped(signature)
    }

    private func request(for message: [UInt8]) -> [UInt8] {
        let flags: UInt32 = 0
        return [SSHAgent.MessageType.signRequest] + SSHWire.string(blob) + SSHWire.string(message)
            + SSHWire.number(flags)
    }

    /// Takes the bytes of the scheme out of a signature with a name (RFC 8709 section 6, RFC 5656
    /// section 3.1.2).
    private func unwrapped(_ signature: [UInt8]) throws(SSHAgentError) -> [UInt8] {
        var reader = SSHReader(signature)
        let name = try reader.string()
        let bytes = try reader.string()
        try reader.end()
        switch publicKey.scheme {
        case .ed25519:
            guard name.elementsEqual(SSHKeyBlob.ed25519.utf8), bytes.count == 64 else {
                throw .badAnswer(problem: "this is no Ed25519 signature")
            }
            return bytes
        case .ecdsaP256:
            guard name.elementsEqual(SSHKeyBlob.ecdsaP256.utf8) else {
                throw .badAnswer(problem: "this is no P-256 signature")
            }
            return try der(bytes)
        case .rsaPSS: throw .unsupported(scheme: publicKey.scheme.rawValue)
        }
    }

    private func der(_ numbers: [UInt8]) throws(SSHAgentError) -> [UInt8] {
        var reader = SSHReader(numbers)
        let signature = ECDSASignature(
            r: try reader.positiveNumber(), s: try reader.positiveNumber())
        try reader.end()
        guard let der = signature.der else {
            throw .badAnswer(problem: "a number is too large for P-256")
        }
        return der
    }
}
