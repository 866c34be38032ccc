internal import JSON

/// The reader that all others stand on.
enum JSONTarget {
    static func document(_ bytes: [UInt8]) throws(BrokenPromise) {
        let limits = JSONLimits(bytes: 65_536, depth: JSONLimits.maximumDepth, values: 20_000)
        let tight = JSONLimits(bytes: 64, depth: 2, values: 8)
        let tightly = try attempt { () throws(JSONSyntaxError) in
            try JSONValue(parsing: bytes, limits: tight)
        }
        let value = try attempt { () throws(JSONSyntaxError) in
            try JSONValue(parsing: bytes, limits: limits)
        }
        if let tightly { try hold(tightly == value, "limits change no meaning") }
        guard let value else { return }
        // What is written may be longer than what was read only where it is for people.
        try reads(value.compactBytes, as: value, limits, "the compact form reads as the same value")
        let pretty = JSONLimits(bytes: .max, depth: JSONLimits.maximumDepth, values: 20_000)
        try reads(
            Array(value.prettyText.utf8), as: value, pretty, "the form for people reads the same")
        let canonical = value.canonicalBytes
        guard !canonical.contains(where: { $0 < 0x20 }) else { return }
        try reads(canonical, as: value, limits, "the canonical form reads as the same value")
        try hold(canonical == value.compactBytes, "without control characters both forms agree")
    }

    private static func reads(
        _ bytes: [UInt8], as value: JSONValue, _ limits: JSONLimits, _ promise: String
    ) throws(BrokenPromise) {
        let again = try must(promise) { () throws(JSONSyntaxError) in
            try JSONValue(parsing: bytes, limits: limits)
        }
        try hold(again == value, promise)
    }

    static func envelope(_ bytes: [UInt8]) throws(BrokenPromise) {
        func read(_ bytes: [UInt8]) throws(EnvelopeError) -> SignedEnvelope {
            try SignedEnvelope(
                parsing: bytes, limits: .standard(bytes: 65_536), maximumSignatures: 8)
        }
        guard
            let envelope = try attempt({ () throws(EnvelopeError) in try read(bytes) })
        else { return }
        try hold(
            envelope.payload == envelope.signed.canonicalBytes,
            "signatures cover the canonical form"
        )
        let promise = "an envelope that is written reads as the same envelope"
        let again = try must(promise) { () throws(EnvelopeError) in try read(envelope.bytes) }
        try hold(again == envelope, promise)
        try hold(again.payload == envelope.payload, "the payload does not change on the way")
        try hold(envelope.signatures.count <= 8, "there are not more signatures than allowed")
    }
}
