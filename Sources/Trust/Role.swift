internal import JSON
public import Model

/// Who must sign: at least `threshold` distinct keys of `keys`.
public struct Role: Hashable, Sendable {
    public let name: RoleName
    /// Keys of types that this version does not know are left out, so they never count.
    public let keys: [KeyID: PublicKey]
    public let threshold: Int

    /// The most keys of a role, and the highest threshold.
    static let maximumKeyCount = 1000

    /// Reads `keyids` and `threshold` (TUF 4.3 and 4.5); `ring` holds the keys that are named.
    ///
    /// A threshold above the number of keys is no reason to refuse the metadata that says so: the
    /// role can simply never be signed.
    init(
        _ name: RoleName, _ fields: JSONFields, ring: KeyRing
    ) throws(JSONShapeError) {
        let maximum = Self.maximumKeyCount
        let threshold = Int(try fields.integer("threshold", in: 1...Int64(maximum)))
        var named: Set<KeyID> = []
        var usable: [KeyID: PublicKey] = [:]
        for element in try fields.array("keyids", maximumCount: maximum) {
            guard case .string(let text) = element.value, let keyID = KeyID(text.text),
                named.insert(keyID).inserted
            else { throw JSONShapeError(path: element.path, expected: "key ids, each once") }
            // A key id without a key cannot sign; it is tolerated, as the specification allows.
            if let key = ring.keys[keyID]?.key { usable[keyID] = key }
        }
        self.name = name
        keys = usable
        self.threshold = threshold
    }

    /// Whoever holds one of `keys`.
    init(_ name: RoleName, keys: [KeyID: PublicKey]) {
        self.init(name: name, keys: keys, threshold: 1)
    }

    private init(name: RoleName, keys: [KeyID: PublicKey], threshold: Int) {
        self.name = name
        self.keys = keys
        self.threshold = threshold
    }

    /// The same keys and threshold for another role.
    func named(_ name: RoleName) -> Role { Role(name: name, keys: keys, threshold: threshold) }

    /// Returns `payload` as verified once `threshold` distinct keys are known to have signed it.
    ///
    /// This is the only place in the package where signatures are counted. Two names for one key
    /// count once: keys are compared by their material.
    ///
    /// - Throws: ``TrustError/tooFewSignatures(_:valid:threshold:)``.
    public func verify(
        _ payload: [UInt8], signatures: [KeyID: [UInt8]], by checker: some SignatureChecker
    ) throws(TrustError) -> Verified {
        let signers = signers(of: payload, signatures: signatures, by: checker)
        guard signers.count >= threshold else {
            throw .tooFewSignatures(name, valid: signers.count, threshold: threshold)
        }
        return Verified(payload: payload)
    }

    /// Those of the role's keys that are known to have signed `payload`, each once.
    func signers(
        of payload: [UInt8], signatures: [KeyID: [UInt8]], by checker: some SignatureChecker
    ) -> Set<PublicKey> {
        var signers: Set<PublicKey> = []
        for (keyID, key) in keys where !signers.contains(key) {
            guard let signature = signatures[keyID] else { continue }
            if checker.isValid(signature, by: key, over: payload) { signers.insert(key) }
        }
        return signers
    }
}

extension Role {
    /// The key ids in the written form of a role; none where it is malformed.
    static func keyIDs(_ role: JSONValue) -> [JSONString] {
        guard case .object(let members) = role, case .array(let keyIDs) = members["keyids"] else {
            return []
        }
        return keyIDs.compactMap { keyID in
            guard case .string(let text) = keyID else { return nil }
            return text
        }
    }
}

/// Bytes that enough of the right keys have signed.
///
/// Only ``Role/verify(_:signatures:by:)`` makes one. A function that takes a `Verified` cannot be
/// reached with bytes nobody checked.
public struct Verified: Hashable, Sendable {
    public let payload: [UInt8]
    fileprivate init(payload: [UInt8]) { self.payload = payload }
}

/// The keys that one piece of metadata brings along, each under its one true name.
struct KeyRing: Hashable, Sendable {
    let keys: [KeyID: KeyObject]

    /// Reads the member `keys` of root metadata or of delegations.
    init(_ fields: JSONFields, cryptography: CryptographySuite) throws(JSONShapeError) {
        var keys: [KeyID: KeyObject] = [:]
        for member in try fields.object("keys").members.members {
            let object = try KeyObject(member.value, cryptography: cryptography)
            // Two names for one key, or a name for another key, would make counting uncertain.
            guard member.key.text == object.keyID.text else {
                throw fields.refused(
                    "keys", "keys named by their SHA-256, but \(member.key.quoted) is not")
            }
            keys[object.keyID] = object
        }
        self.keys = keys
    }
}
