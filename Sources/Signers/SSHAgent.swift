public import Trust

/// An ssh-agent behind a Unix socket (draft-ietf-sshm-ssh-agent).
///
/// Whoever can open the socket can sign with every key in the agent, unless the key was added
/// with `ssh-add -c`. Keys of type `sk-` sign more than the payload and cannot be used.
public struct SSHAgent: Sendable {
    /// The longest message to an agent or from it, in bytes.
    public static let maximumMessageByteCount = 262_144
    /// Enough for a user who is asked and reads before answering.
    public static let defaultTimeout = Duration.seconds(60)

    public let socketPath: String
    /// How long one answer may take.
    public let timeout: Duration
    private let checker: any SignatureChecker

    /// The socket is usually named by the environment's `SSH_AUTH_SOCK`.
    ///
    /// - Parameter checker: Finds out which P-256 keys are sound.
    public init(
        socketPath: String, timeout: Duration = defaultTimeout, checker: any SignatureChecker
    ) {
        self.socketPath = socketPath
        self.timeout = timeout
        self.checker = checker
    }

    /// A key in an agent.
    public struct Identity: Hashable, Sendable {
        public let publicKey: PublicKey
        /// What the agent calls it; at most 256 characters, none of which moves a cursor.
        public let comment: String
    }

    /// The Ed25519 and P-256 keys, in the agent's order; keys that cannot be used are left out.
    ///
    /// Blocks until the agent answers.
    ///
    /// - Throws: ``SSHAgentError``.
    public func identities() throws(SSHAgentError) -> [Identity] {
        try blobs().compactMap { blob, comment in
            SSHKeyBlob.decode(blob, checker: checker).map {
                Identity(publicKey: $0, comment: Self.printable(comment))
            }
        }
    }

    /// A signer by `key`, which the agent holds now; blocks until the agent answers.
    ///
    /// - Throws: ``SSHAgentError``.
    public func signer(for key: PublicKey) throws(SSHAgentError) -> SSHAgentSigner {
        let signer = try SSHAgentSigner(publicKey: key, agent: self)
        let blobs = try blobs()
        guard blobs.contains(where: { $0.blob == signer.blob }) else { throw .noSuchKey }
        return signer
    }

    private func blobs() throws(SSHAgentError) -> [(blob: [UInt8], comment: [UInt8])] {
        var reader = try answer(to: [MessageType.requestIdentities], as: MessageType.identities)
        let count = try reader.number()
        var blobs: [(blob: [UInt8], comment: [UInt8])] = []
        // Each takes some bytes of the answer, so the answer's limit is theirs as well.
        for _ in 0..<count {
            try blobs.append((blob: reader.string(), comment: reader.string()))
        }
        try reader.end()
        return blobs
    }

    private static func printable(_ comment: [UInt8]) -> String {
        let text = String(decoding: comment, as: UTF8.self).unicodeScalars.prefix(256)
        return String(
            String.UnicodeScalarView(
                text.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }))
    }
}

// MARK: - Messages

extension SSHAgent {
    /// The first byte of a message.
    enum MessageType {
        static let failure: UInt8 = 5
        static let requestIdentities: UInt8 = 11
        static let identities: UInt8 = 12
        static let signRequest: UInt8 = 13
        static let signature: UInt8 = 14
    }

    /// Sends `request` over a connection of its own and reads the answer's fields after its type.
    func answer(to request: [UInt8], as type: UInt8) throws(SSHAgentError) -> SSHReader {
        let connection = try SSHAgentConnection.open(path: socketPath, timeout: timeout)
        try connection.send(SSHWire.string(request))
        var length = SSHReader(try connection.receive(4))
        let count = Int(try length.number())
        guard (1...Self.maximumMessageByteCount).contains(count) else {
            throw .badAnswer(problem: "it says it has \(count) bytes")
        }
        var reader = SSHReader(try connection.receive(count))
        let answered = try reader.byte()
        if answered == MessageType.failure { throw .refused }
        guard answered == type else {
            throw .badAnswer(problem: "it is of type \(answered), not \(type)")
        }
        return reader
    }
}
