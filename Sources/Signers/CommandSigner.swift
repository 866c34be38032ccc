internal import JSON
public import Model
public import Trust

/// Signs by running a program, such as one that asks a key service in the cloud.
///
/// The program is run once for each signature. It reads one JSON object from its standard input,
/// `{"keyid": "...", "payload": "...", "scheme": "..."}` with the bytes to sign in base 64, and
/// writes one, `{"sig": "..."}` with the signature in lower-case hexadecimal. It shares our
/// environment, standard error and terminal, so it may ask its user for a PIN there.
public struct CommandSigner: Signer {
    /// The longest answer of the program, in bytes.
    public static let maximumAnswerByteCount = 65_536
    /// The longest signature, in bytes: that of an RSA key of 8192 bits.
    private static let maximumSignatureByteCount = 1024

    /// The program, looked up in `PATH` when it has no slash, and its arguments.
    public let command: [String]
    public let publicKey: PublicKey
    public let keyID: KeyID
    /// How long one signature may take.
    public let timeout: Duration

    /// A command without a program is a programmer's error.
    public init(command: [String], publicKey: PublicKey, keyID: KeyID, timeout: Duration) {
        precondition(!command.isEmpty, "a command has a program")
        self.command = command
        self.publicKey = publicKey
        self.keyID = keyID
        self.timeout = timeout
    }

    /// Has the program sign `message`; blocks until the program ends.
    ///
    /// At the end of the time the program is killed, but not what it started. The signature is in
    /// the form of the scheme, which for ECDSA is DER, and has not been checked.
    ///
    /// - Throws: ``CommandSignerError``.
    public func sign(_ message: [UInt8]) throws(CommandSignerError) -> [UInt8] {
        let answer = try SigningProgram(command: command, timeout: timeout)
            .run(input: request(for: message), maximumOutputByteCount: Self.maximumAnswerByteCount)
        return try signature(in: answer)
    }

    private func request(for message: [UInt8]) -> [UInt8] {
        let request: JSONValue = [
            "keyid": .string(keyID.text),
            "payload": .string(Base64.encode(message)),
            "scheme": .string(publicKey.scheme.rawValue),
        ]
        return request.compactBytes
    }

    private func signature(in answer: [UInt8]) throws(CommandSignerError) -> [UInt8] {
        do {
            let limits = JSONLimits.standard(bytes: Self.maximumAnswerByteCount)
            let fields = try JSONFields(JSONValue(parsing: answer, limits: limits))
            try fields.refuseMembers(otherThan: ["sig"])
            let signature = try fields.hex(
                "sig", maximumByteCount: Self.maximumSignatureByteCount)
            guard !signature.isEmpty else { throw fields.refused("sig", "a signature") }
            return signature
        } catch { throw .badAnswer(command[0], problem: "\(error)") }
    }
}
