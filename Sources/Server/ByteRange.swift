/// What a `Range` header asks of a file (RFC 9110 section 14.2).
enum ByteRange: Hashable {
    /// There is no range, or none that is understood: the whole file is the right answer.
    case whole
    case part(ClosedRange<Int>)
    /// A range that the file has no byte of.
    case unsatisfiable

    /// Several ranges in one header are not served apart; the whole file is, as the RFC allows.
    init(_ header: String?, byteCount: Int) {
        let unit = "bytes="
        guard let header, header.hasPrefix(unit) else {
            self = .whole
            return
        }
        let ends = header.dropFirst(unit.count).split(
            separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1])
        else {
            self = .whole
            return
        }
        switch (first, last) {
        case (nil, nil): self = .whole
        case (let first?, let last?) where last < first: self = .whole
        case (let first?, let last):
            self = Self.clamped(from: first, through: last ?? .max, byteCount)
        case (nil, let length?):
            self = Self.clamped(from: max(0, byteCount - length), through: .max, byteCount)
        }
    }

    private static func clamped(from first: Int, through last: Int, _ byteCount: Int) -> ByteRange {
        let last = min(last, byteCount - 1)
        return first <= last ? .part(first...last) : .unsatisfiable
    }

    /// `.some(nil)` for an empty text, `nil` for one that is no number.
    private static func number(_ text: Substring) -> Int?? {
        guard !text.isEmpty else { return .some(nil) }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        // More digits than any file has bytes.
        return .some(Int(text) ?? .max)
    }
}
