internal import JSON
public import Model

/// The images that metadata speaks of, without a word about whether it may.
public enum NamedDigests {
    /// Every SHA-256 that `metadata` mentions anywhere, but those of images that it withdraws.
    ///
    /// For whoever decides what may be thrown away: it needs no signature and no known form, since
    /// too many is the safe mistake.
    ///
    /// - Throws: ``TrustError/malformed(_:problem:)`` when it cannot be read at all.
    public static func all(
        in metadata: [UInt8], limitBytes: Int
    ) throws(TrustError) -> Set<Digest> {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: metadata, limits: .standard(bytes: limitBytes))
        } catch { throw .malformed(.targets, problem: "\(error)") }
        var digests: Set<Digest> = []
        collect(from: value, into: &digests)
        return digests
    }

    private static func collect(from value: JSONValue, into digests: inout Set<Digest>) {
        switch value {
        case .null, .bool, .integer: return
        case .string(let text): if let digest = Digest(hex: text.text) { digests.insert(digest) }
        case .array(let values): for value in values { collect(from: value, into: &digests) }
        case .object(let object):
            for member in object.members where member.key.text != WithdrawnImage.member {
                collect(from: member.value, into: &digests)
            }
        }
    }
}
