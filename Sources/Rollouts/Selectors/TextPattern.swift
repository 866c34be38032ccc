/// A pattern for a whole text: `*` is any number of bytes, `?` one Unicode scalar.
struct TextPattern: Hashable, Sendable {
    /// The bytes of `*` and `?` are part of no other scalar.
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Takes at most as many steps as the product of both lengths.
    ///
    /// When the text stops fitting, only the last star takes more: whatever an earlier one could
    /// take in addition, the last can take as well.
    func matches(_ text: String) -> Bool {
        let text = text.utf8
        var place = text.startIndex
        var index = 0
        var lastStar: (index: Int, place: String.Index)?
        while place < text.endIndex {
            if index < bytes.count, bytes[index] == Self.star {
                index += 1
                lastStar = (index, place)
            } else if index < bytes.count, let next = step(over: bytes[index], in: text, at: place)
            {
                index += 1
                place = next
            } else if let star = lastStar {
                index = star.index
                place = text.index(after: star.place)
                lastStar = (index, place)
            } else {
                return false
            }
        }
        return bytes[index...].allSatisfy { $0 == Self.star }
    }

    /// The place after what `byte` stands for; `nil` when something else is at `place`.
    private func step(
        over byte: UInt8, in text: String.UTF8View, at place: String.Index
    ) -> String.Index? {
        guard byte == Self.anyScalar else {
            return text[place] == byte ? text.index(after: place) : nil
        }
        // Inside a scalar, where a star may have stopped, this takes the rest: as if it took all.
        let next = text.index(after: place)
        return text[next...].firstIndex { $0 & 0xc0 != 0x80 } ?? text.endIndex
    }

    private static let star = UInt8(ascii: "*")
    private static let anyScalar = UInt8(ascii: "?")
}
