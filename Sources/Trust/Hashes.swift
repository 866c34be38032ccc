internal import JSON
public import Model

/// The digests that metadata lists of some bytes.
public struct Hashes: Hashable, Sendable {
    /// By algorithm; empty when none that is listed is known here.
    let values: [HashAlgorithm: [UInt8]]

    public var sha256: Digest? { values[.sha256].flatMap { Digest(bytes: $0) } }

    init(sha256: Digest) { values = [.sha256: sha256.bytes] }

    /// Reads the member `hashes`; an empty list would leave nothing to check.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        let list = try fields.object("hashes")
        guard !list.members.isEmpty else { throw fields.refused("hashes", "at least one hash") }
        var values: [HashAlgorithm: [UInt8]] = [:]
        for member in list.members.members {
            let text = try list.string(member.key.text)
            guard let algorithm = HashAlgorithm(rawValue: member.key.text) else { continue }
            guard let bytes = Hex.decode(text), bytes.count == algorithm.byteCount else {
                throw list.refused(
                    member.key.text, "\(2 * algorithm.byteCount) lower-case hexadecimal digits")
            }
            values[algorithm] = bytes
        }
        self.values = values
    }

    var json: JSONValue {
        .object(
            JSONObject(
                values.map { ($0.key.rawValue, .string(Hex.encode($0.value))) }))
    }

    /// Whether `bytes` have every digest that is known, and one is.
    func match(_ bytes: [UInt8], hashing: some Hashing) -> Bool {
        !values.isEmpty && values.allSatisfy { hashing.digest(bytes, by: $0.key) == $0.value }
    }

    /// The digest that a consistent snapshot's file name begins with: SHA-256 where it is listed.
    var prefix: String? { (values[.sha256] ?? values[.sha512]).map { Hex.encode($0) } }
}

extension Hashes: CustomStringConvertible {
    public var description: String {
        values.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \(Hex.encode($0.value))" }.joined(separator: ", ")
    }
}
