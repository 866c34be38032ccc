/// The header of a partial answer (RFC 9110 section 14.4).
enum ContentRange: Equatable {
    /// `bytes first-last/total`; no total when the server writes `*` for it.
    ///
    /// Never empty, never behind the total, and its length is a number that fits.
    case part(first: Int64, last: Int64, total: Int64?)
    /// `bytes */total`: there is nothing where it was asked for.
    case nothing(total: Int64)

    /// `nil` when the header is not to be understood.
    init?(_ header: String?) {
        guard let words = header?.split(separator: " ", omittingEmptySubsequences: false),
            words.count == 2, words[0].lowercased() == "bytes"
        else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[0] == "*" {
            guard let total = Self.number(parts[1]) else { return nil }
            self = .nothing(total: total)
            return
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        let total = Self.number(parts[1])
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last, last < total ?? .max, total != nil || parts[1] == "*"
        else { return nil }
        self = .part(first: first, last: last, total: total)
    }

    /// Digits only: no sign, no space, no number that does not fit.
    static func number(_ text: some StringProtocol) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}
