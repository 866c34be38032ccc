public import Model

/// Who must sign: at least `threshold` distinct keys of `keys`.
public struct Role: Hashable, Sendable {
    public let name: RoleName
    /// Keys of types that this version does not know are left out, so they never count.
    public let keys: [KeyID: PublicKey]
    public let threshold: Int

    /// The caller has refused thresholds below 1, as ``Root`` does when it is read.
    init(name: RoleName, keys: [KeyID: PublicKey], threshold: Int) {
        precondition(threshold >= 1, "a role that nobody must sign protects nothing")
        self.name = name
        self.keys = keys
        self.threshold = threshold
    }

    /// Returns `payload` as verified once `threshold` distinct keys are known to have signed it.
    ///
    /// This is the only place in the package where signatures are counted. Two names for one key
    /// count once: keys are compared by their material.
    ///
    /// - Throws: ``TrustError/tooFewSignatures(_:valid:threshold:)``.
    public func verify(
        _ payload: [UInt8], signatures: [KeyID: [UInt8]], by checker: some SignatureChecker
    ) throws(TrustError) -> Verified {
        var signers: Set<PublicKey> = []
        for (keyID, key) in keys where !signers.contains(key) {
            guard let signature = signatures[keyID] else { continue }
            if checker.isValid(signature, by: key, over: payload) { signers.insert(key) }
        }
        guard signers.count >= threshold else {
            throw .tooFewSignatures(name, valid: signers.count, threshold: threshold)
        }
        return Verified(payload: payload)
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
