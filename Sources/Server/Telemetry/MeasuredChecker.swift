internal import Telemetry
public import Trust

/// A checker of signatures that tells how long it takes.
public struct MeasuredChecker: SignatureChecker {
    private let checker: any SignatureChecker
    private let observatory: Observatory

    public init(_ checker: any SignatureChecker, _ observatory: Observatory) {
        self.checker = checker
        self.observatory = observatory
    }

    public func isValid(
        _ signature: [UInt8], by key: PublicKey, over message: [UInt8]
    ) -> Bool {
        let start = observatory.clock.monotonicNanoseconds()
        let isValid = checker.isValid(signature, by: key, over: message)
        observatory.metrics.signatureChecks[isValid ? "valid" : "invalid"]
            .observe(observatory.clock.seconds(since: start))
        Trace.current?.add("signature check", since: start)
        return isValid
    }

    public func publicKey(pem: [UInt8], scheme: SignatureScheme) -> PublicKey? {
        checker.publicKey(pem: pem, scheme: scheme)
    }
}
