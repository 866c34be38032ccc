public import JSON
public import Model

/// A message with signatures that nobody has checked yet.
///
/// The content can be looked at to find out whose key must have signed; whoever acts on it checks
/// ``payload`` against ``signatures`` first.
public struct SignedMessage<Content: WireMessage>: Hashable, Sendable {
    public let envelope: SignedEnvelope
    public let unverified: Content

    /// The most signatures that one message may carry.
    public static var maximumSignatures: Int { 8 }

    /// What the signatures cover: the canonical JSON of the content as it was received.
    public var payload: [UInt8] { envelope.payload }

    /// By the name of the key; a name that cannot be one is left out.
    public var signatures: [KeyID: [UInt8]] {
        var signatures: [KeyID: [UInt8]] = [:]
        for signature in envelope.signatures {
            if let keyID = KeyID(signature.keyID) { signatures[keyID] = signature.bytes }
        }
        return signatures
    }

    public var bytes: [UInt8] { envelope.bytes }

    public init(parsing bytes: [UInt8], limitBytes: Int) throws(WireError) {
        do {
            envelope = try SignedEnvelope(
                parsing: bytes, limits: .standard(bytes: limitBytes),
                maximumSignatures: Self.maximumSignatures)
        } catch { throw .envelope(error) }
        do { unverified = try Content(JSONFields(envelope.signed)) } catch { throw .shape(error) }
    }

    public init(_ value: JSONValue) throws(WireError) {
        do {
            envelope = try SignedEnvelope(value, maximumSignatures: Self.maximumSignatures)
        } catch { throw .envelope(error) }
        do { unverified = try Content(JSONFields(envelope.signed)) } catch { throw .shape(error) }
    }

    /// Signs `content` in the name of `keyID`; `sign` is given the payload.
    public init<Problem: Error>(
        signing content: Content, keyID: KeyID, with sign: ([UInt8]) throws(Problem) -> [UInt8]
    ) throws(Problem) {
        let json = content.json
        let signature = try sign(JSONValue.object(json).canonicalBytes)
        envelope = SignedEnvelope(
            signed: json,
            signatures: [SignedEnvelope.Signature(keyID: keyID.text, bytes: signature)])
        unverified = content
    }
}
