/// The header of a partial answer: `bytes first-last/total` (RFC 9110 section 14.4).
enum ContentRange {
    /// The offset that the answer starts at; `nil` when the header is not to be understood.
    static func start(of header: String?) -> Int64? {
        guard let words = header?.split(separator: " "), words.count == 2, words[0] == "bytes"
        else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]),
            first <= last
        else { return nil }
        return first
    }

    private static func number(_ text: Substring) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}
