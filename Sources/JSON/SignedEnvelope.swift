/// A document with detached signatures over its canonical form, as TUF writes it.
///
/// Reading one checks no signature. It fixes which bytes the signatures have to cover.
public struct SignedEnvelope: Hashable, Sendable {
    /// Always an object.
    public let signed: JSONValue
    /// The canonical bytes of ``signed``: what the signatures cover.
    public let payload: [UInt8]
    /// Each key identifier at most once.
    public let signatures: [Signature]

    public struct Signature: Hashable, Sendable {
        public let keyID: String
        /// Empty when what was read was not lower-case hexadecimal; such a signature is never valid.
        public let bytes: [UInt8]

        public init(keyID: String, bytes: [UInt8]) {
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    /// Two signatures under the same key identifier are a programmer's error.
    public init(signed: JSONObject, signatures: [Signature]) {
        self.init(signed: signed, payload: nil, signatures: signatures)
    }

    private init(signed: JSONObject, payload: [UInt8]?, signatures: [Signature]) {
        precondition(
            Self.duplicateKeyID(in: signatures) == nil, "a key must sign an envelope only once")
        self.signed = .object(signed)
        self.payload = payload ?? self.signed.canonicalBytes
        self.signatures = signatures
    }

    /// - Throws: ``EnvelopeError``.
    public init(
        parsing bytes: [UInt8], limits: JSONLimits, maximumSignatures: Int
    ) throws(EnvelopeError) {
        var reader = JSONReader(bytes, limits: limits)
        let value: JSONValue
        do { value = try reader.readDocument() } catch { throw .syntax(error) }
        // What arrives in its canonical form need not be written once more.
        try self.init(
            value, payload: reader.canonicalBytes(of: "signed"),
            maximumSignatures: maximumSignatures)
    }

    /// Takes an envelope out of another document.
    ///
    /// - Throws: ``EnvelopeError``, with paths that start at the envelope.
    public init(_ value: JSONValue, maximumSignatures: Int) throws(EnvelopeError) {
        try self.init(value, payload: nil, maximumSignatures: maximumSignatures)
    }

    /// - Parameter payload: The canonical form of what is signed, where it is known already.
    private init(
        _ value: JSONValue, payload: [UInt8]?, maximumSignatures: Int
    ) throws(EnvelopeError) {
        let parts: Parts
        do { parts = try Parts(value) } catch { throw .shape(error) }
        guard parts.signatures.count <= maximumSignatures else {
            throw .tooManySignatures(parts.signatures.count)
        }
        let signatures: [Signature]
        do { signatures = try parts.readSignatures() } catch { throw .shape(error) }
        if let keyID = Self.duplicateKeyID(in: signatures) { throw .duplicateKeyID(keyID) }
        self.init(signed: parts.signed, payload: payload, signatures: signatures)
    }

    public var value: JSONValue {
        let signatures = signatures.map { signature -> JSONValue in
            ["keyid": .string(signature.keyID), "sig": .string(HexText.encode(signature.bytes))]
        }
        return ["signatures": .array(signatures), "signed": signed]
    }

    /// The envelope as legal JSON on one line.
    public var bytes: [UInt8] { value.compactBytes }
}

extension SignedEnvelope {
    /// The two members that matter; others are ignored (TUF 4.2.1).
    private struct Parts {
        let signed: JSONObject
        let signatures: [JSONElement]

        init(_ value: JSONValue) throws(JSONShapeError) {
            let fields = try JSONFields(value)
            signed = try fields.object("signed").members
            signatures = try fields.array("signatures", maximumCount: .max)
        }

        func readSignatures() throws(JSONShapeError) -> [Signature] {
            var read: [Signature] = []
            for element in signatures {
                let fields = try element.object()
                let keyID = try fields.string("keyid")
                guard case .string(let digits) = try fields.value("sig") else {
                    throw fields.refused("sig", "a string")
                }
                read.append(Signature(keyID: keyID, bytes: HexText.decode(digits.utf8) ?? []))
            }
            return read
        }
    }

    /// A key identifier that is there twice, or `nil`.
    ///
    /// Identifiers that Swift calls equal count as the same although their bytes differ, so that
    /// no dictionary of a caller can find two where this function found one.
    private static func duplicateKeyID(in signatures: [Signature]) -> String? {
        var seen: Set<String> = []
        return signatures.first { !seen.insert($0.keyID).inserted }?.keyID
    }
}

/// Why bytes are not a signed envelope.
public enum EnvelopeError: Error, Hashable, Sendable {
    case syntax(JSONSyntaxError)
    case shape(JSONShapeError)
    /// There are this many.
    case tooManySignatures(Int)
    case duplicateKeyID(String)
}

extension EnvelopeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .syntax(let error): error.description
        case .shape(let error): error.description
        case .tooManySignatures(let count): "\(count) signatures are too many"
        case .duplicateKeyID(let keyID): "key \(JSONString(keyID).quoted) signed twice"
        }
    }
}
