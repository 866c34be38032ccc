public import JSON
public import Model

/// Metadata with signatures that nobody has checked yet.
struct SignedMetadata {
    let role: RoleName
    let bytes: [UInt8]
    let envelope: SignedEnvelope

    /// - Throws: ``TrustError/tooLong(_:limitBytes:)`` or ``TrustError/malformed(_:problem:)``.
    init(
        _ bytes: [UInt8], of role: RoleName, limitBytes: Int, maximumSignatures: Int
    ) throws(TrustError) {
        guard bytes.count <= limitBytes else { throw .tooLong(role, limitBytes: limitBytes) }
        self.role = role
        self.bytes = bytes
        do {
            envelope = try SignedEnvelope(
                parsing: bytes, limits: .standard(bytes: limitBytes),
                maximumSignatures: maximumSignatures)
        } catch { throw .malformed(role, problem: "\(error)") }
    }

    /// Checks the signatures; only afterwards is there something to read.
    func verified(
        for role: Role, by checker: some SignatureChecker
    ) throws(TrustError) -> JSONFields {
        _ = try role.verify(envelope.payload, signatures: envelope.signaturesByKey, by: checker)
        return try fields()
    }

    /// What it says, whoever signed it; for a root that has to name its own keys first.
    func fields() throws(TrustError) -> JSONFields {
        do { return try JSONFields(envelope.signed) } catch {
            throw .malformed(role, problem: "\(error)")
        }
    }
}

extension SignedEnvelope {
    /// Signatures by the name of their key; a name that cannot be one is left out.
    public var signaturesByKey: [KeyID: [UInt8]] {
        var byKey: [KeyID: [UInt8]] = [:]
        for signature in signatures {
            if let keyID = KeyID(signature.keyID) { byKey[keyID] = signature.bytes }
        }
        return byKey
    }
}

/// Runs `body`, whose errors tell what was wrong with the shape of `role`'s metadata.
func reading<Result>(
    _ role: RoleName, _ body: () throws(JSONShapeError) -> Result
) throws(TrustError) -> Result {
    do { return try body() } catch { throw .malformed(role, problem: "\(error)") }
}
