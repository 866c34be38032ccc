internal import JSON
internal import Model
internal import Trust

/// The values that are written as one text.
enum TextTarget {
    static func texts(_ texts: [String]) throws(BrokenPromise) {
        for text in texts.prefix(3) {
            try names(text)
            try values(text)
            try Paths.encode(text)
            try notes(text)
        }
        try order(texts.prefix(3).compactMap { Version($0) })
    }

    private static func names(_ text: String) throws(BrokenPromise) {
        let names: [String?] = [
            DeviceID(text)?.text, ReleaseName(text)?.text, Version(text)?.description,
            ReleaseID(text)?.description, TargetPath(text)?.text, RoleName(text)?.text,
            DelegatedRoleName(text)?.text, KeyID(text)?.text, Instant(text)?.description,
        ]
        for name in names.compactMap({ $0 }) {
            try hold(name.utf8.elementsEqual(text.utf8), "a text has one written form")
        }
        try hold(!(DeviceID(text)?.text.utf8.contains(0x2f) ?? false), "a name has no slash")
        if let role = RoleName(text) {
            try hold(!role.storedName.utf8.contains(0x2f), "a role is kept in this folder")
        }
        if let path = TargetPath(text), let digest = Digest(bytes: Array(repeating: 7, count: 32)) {
            let parts = text.utf8.split(separator: 0x2f, omittingEmptySubsequences: false)
            try hold(parts.allSatisfy { $0.first != 0x2e && !$0.isEmpty }, "a path stays below")
            try hold(
                path.prefixed(by: digest).utf8.count == text.utf8.count + 65,
                "a prefix adds itself and a dot")
        }
    }

    private static func values(_ text: String) throws(BrokenPromise) {
        let bytes = Array(text.utf8)
        try hold(Base64.decode(Base64.encode(bytes)) == bytes, "base 64 can be decoded")
        try hold(Hex.decode(Hex.encode(bytes)) == bytes, "hexadecimal can be decoded")
        if let decoded = Base64.decode(text) {
            try hold(Base64.encode(decoded) == text, "base 64 has one written form")
        }
        if let decoded = Hex.decode(text) {
            try hold(Hex.encode(decoded) == text, "hexadecimal has one written form")
        }
        if let key = Ed25519PublicKey(hex: text) {
            try hold(key.hex == text, "a key has one written form")
        }
        try moments(bytes)
    }

    /// The first eight bytes as a moment.
    private static func moments(_ bytes: [UInt8]) throws(BrokenPromise) {
        let seconds = Int64(
            truncatingIfNeeded: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let instant = Instant(secondsSinceEpoch: seconds)
        let written = instant.description
        let again = Instant(written)
        try hold(again?.description == written, "every moment has a written form")
        let writable: ClosedRange<Int64> = -62_167_219_200...253_402_300_799
        if writable.contains(seconds) { try hold(again == instant, "a moment reads as itself") }
        let start = Instant(secondsSinceEpoch: 0)
        try hold(
            start.advanced(by: instant.elapsed(since: start)) == instant,
            "what has elapsed since a moment leads back")
        _ = instant.elapsed(since: Instant(secondsSinceEpoch: .max))
        _ = instant.advanced(by: .seconds(seconds))
    }

    private static func notes(_ text: String) throws(BrokenPromise) {
        let failure = Failure(.health, text)
        try hold(
            failure.detail.utf8.count <= Failure.maximumDetailByteCount, "a detail has a limit")
        try hold(Failure(.health, failure.detail) == failure, "a clean detail stays as it is")
        let quoted = JSONString(text).quoted
        try hold(
            !quoted.unicodeScalars.contains { $0.properties.generalCategory == .control },
            "what is quoted moves no cursor")
        let attributes = try attempt { () throws(Attributes.Invalid) in
            try Attributes([text: text])
        }
        if let attributes { try hold(attributes[text] == text, "an attribute keeps its value") }
    }

    private static func order(_ versions: [Version]) throws(BrokenPromise) {
        for left in versions {
            for right in versions {
                let answers = [left < right, right < left, left == right].count { $0 }
                try hold(answers == 1, "versions are ordered totally")
                for third in versions where left < right && right < third {
                    try hold(left < third, "the order of versions is transitive")
                }
            }
        }
    }

    static func pathPattern(_ parts: [[UInt8]]) throws(BrokenPromise) {
        guard parts.count >= 2 else { return }
        let pattern = JSONString(String(decoding: parts[0].prefix(256), as: UTF8.self))
        let path = JSONString(String(decoding: parts[1].prefix(256), as: UTF8.self))
        let answer = PathPattern(pattern).matches(path)
        try hold(
            answer == matches(Array(pattern.utf8), Array(path.utf8)),
            "a pattern matches what a shell would")
        guard answer else { return }
        try hold(
            pattern.utf8.count { $0 == 0x2f } == path.utf8.count { $0 == 0x2f },
            "a pattern matches nothing across a slash")
    }

    /// The same rule written in another way: which beginnings of the path each beginning of the
    /// pattern matches.
    private static func matches(_ pattern: [UInt8], _ path: [UInt8]) -> Bool {
        var reached = [Bool](repeating: false, count: path.count + 1)
        reached[0] = true
        for symbol in pattern {
            var next = [Bool](repeating: false, count: path.count + 1)
            for end in next.indices {
                let byte = end > 0 ? path[end - 1] : 0x2f
                switch symbol {
                case UInt8(ascii: "*"):
                    next[end] = reached[end] || end > 0 && next[end - 1] && byte != 0x2f
                case UInt8(ascii: "?"): next[end] = end > 0 && reached[end - 1] && byte != 0x2f
                default: next[end] = end > 0 && reached[end - 1] && byte == symbol
                }
            }
            reached = next
        }
        return reached[path.count]
    }
}
