internal import JSON
public import Model

/// The digests that metadata lists of some bytes.
public struct Hashes: Hashable, Sendable {
    public let sha256: Digest?
    private let sha512: [UInt8]?

    /// What is listed and known here; empty when nothing is.
    var known: [(algorithm: HashAlgorithm, digest: [UInt8])] {
        let sha256 = sha256.map { (algorithm: HashAlgorithm.sha256, digest: $0.bytes) }
        return [sha256, sha512.map { (.sha512, $0) }].compactMap { $0 }
    }

    init(sha256: Digest) {
        self.sha256 = sha256
        sha512 = nil
    }

    /// Reads the member `hashes`; an empty list would leave nothing to check.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        let list = try fields.object("hashes")
        guard !list.members.isEmpty else { throw fields.refused("hashes", "at least one hash") }
        for member in list.members.members {
            if case .string = member.value { continue }
            _ = try list.string(member.key.text)
        }
        sha256 = try Self.digest(.sha256, in: list).flatMap { Digest(bytes: $0) }
        sha512 = try Self.digest(.sha512, in: list)
    }

    private static func digest(
        _ algorithm: HashAlgorithm, in list: JSONFields
    ) throws(JSONShapeError) -> [UInt8]? {
        let name = algorithm.rawValue
        guard list.members[name] != nil else { return nil }
        let digest = try? list.hex(name, maximumByteCount: algorithm.byteCount)
        guard let digest, digest.count == algorithm.byteCount else {
            throw list.refused(name, "\(2 * algorithm.byteCount) lower-case hexadecimal digits")
        }
        return digest
    }

    var json: JSONValue {
        .object(JSONObject(known.map { ($0.algorithm.rawValue, .string(Hex.encode($0.digest))) }))
    }

    /// Whether `bytes` have every digest that is known, and one is.
    func match(_ bytes: [UInt8], hashing: some Hashing) -> Bool {
        let known = known
        return !known.isEmpty
            && known.allSatisfy { hashing.digest(bytes, by: $0.algorithm) == $0.digest }
    }

    /// The digest that a consistent snapshot's file name begins with: SHA-256 where it is listed.
    var prefix: String? { known.first.map { Hex.encode($0.digest) } }
}

extension Hashes: CustomStringConvertible {
    public var description: String {
        known.map { "\($0.algorithm.rawValue) \(Hex.encode($0.digest))" }.joined(separator: ", ")
    }
}
