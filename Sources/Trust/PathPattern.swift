public import JSON

/// Which target paths a delegation covers, as a shell would read it (TUF 4.5).
///
/// `*` stands for any number of bytes and `?` for one, neither for `/`; every other byte stands for
/// itself. Letters' case counts.
public struct PathPattern: Hashable, Sendable {
    public let text: JSONString

    public init(_ text: JSONString) { self.text = text }

    /// In time that grows at most with the product of the lengths.
    public func matches(_ path: JSONString) -> Bool {
        let slash = UInt8(ascii: "/")
        let patterns = text.utf8.split(separator: slash, omittingEmptySubsequences: false)
        let parts = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
        guard patterns.count == parts.count else { return false }
        return zip(patterns, parts).allSatisfy { Self.matches($0, $1) }
    }

    /// Matches one name; goes back only to the last star, which may always take one byte more.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var place = pattern.startIndex
        var index = name.startIndex
        var star: (place: Int, index: Int)?
        while index < name.endIndex {
            if place < pattern.endIndex, pattern[place] == UInt8(ascii: "*") {
                star = (place, index)
                place += 1
            } else if place < pattern.endIndex,
                pattern[place] == UInt8(ascii: "?") || pattern[place] == name[index]
            {
                place += 1
                index += 1
            } else if let last = star {
                place = last.place + 1
                index = last.index + 1
                star = (last.place, index)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
