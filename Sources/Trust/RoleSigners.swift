internal import JSON
internal import Model

/// Keys, each once, and how many of them must sign.
public struct RoleSigners: Hashable, Sendable {
    public let keys: [PublicKey]
    public let threshold: Int

    /// - Throws: ``Invalid`` when it could never be signed, or by fewer people than it seems.
    public init(keys: [PublicKey], threshold: Int) throws(Invalid) {
        guard Set(keys).count == keys.count else { throw .sameKeyTwice }
        guard threshold >= 1, threshold <= keys.count else {
            throw .threshold(threshold, keys: keys.count)
        }
        self.keys = keys
        self.threshold = threshold
    }

    public enum Invalid: Error, Hashable, CustomStringConvertible {
        case sameKeyTwice
        case threshold(Int, keys: Int)

        public var description: String {
            switch self {
            case .sameKeyTwice: "one key cannot sign twice: name each key once"
            case .threshold(let threshold, let keys):
                "\(threshold) of \(keys) keys cannot sign: a threshold is at least 1 and at"
                    + " most the number of keys"
            }
        }
    }
}

extension RoleSigners {
    /// The members `keyids` and `threshold` of a role.
    func json(hashing: some Hashing) -> JSONValue {
        [
            "keyids": .array(keys.map { .string($0.keyID(hashing: hashing).text) }),
            "threshold": .integer(Int64(threshold)),
        ]
    }
}
