public import JSON

/// Which target paths a delegation covers, as a shell would read it (TUF 4.5).
///
/// `*` stands for any number of bytes and `?` for one, neither for `/`; every other byte stands for
/// itself. Letters' case counts.
public struct PathPattern: Hashable, Sendable {
    public let text: JSONString

    public init(_ text: JSONString) { self.text = text }

    /// In time that grows at most with the product of the lengths.
    ///
    /// Goes back only to the last star, which may always take one byte more. A star before a slash
    /// is settled with it: the slashes of pattern and path belong together one by one.
    public func matches(_ path: JSONString) -> Bool {
        let (pattern, name) = (text.utf8.span, path.utf8.span)
        let slash = UInt8(ascii: "/")
        var place = 0
        var index = 0
        var star: (place: Int, index: Int)?
        while index < name.count {
            let byte = name[index]
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, index)
                place += 1
            } else if place < pattern.count,
                pattern[place] == byte || (pattern[place] == UInt8(ascii: "?") && byte != slash)
            {
                place += 1
                index += 1
            } else if let last = star, name[last.index] != slash {
                place = last.place + 1
                index = last.index + 1
                star = (last.place, index)
            } else {
                return false
            }
        }
        return (place..<pattern.count).allSatisfy { pattern[$0] == UInt8(ascii: "*") }
    }
}
