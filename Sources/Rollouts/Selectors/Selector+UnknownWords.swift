extension Selector {
    /// The words that are neither built in nor among `attributes`, in the order of their columns.
    ///
    /// They are no errors, since a device may get the attribute later, but most are misspelt.
    ///
    /// - Parameter attributes: The names of all attributes that devices of the fleet have.
    public func unknownWords(besides attributes: Set<String>) -> [UnknownWord] {
        let known = attributes.union(DeviceWord.builtIn.keys)
        return columns.filter { !known.contains($0.key) }
            .map {
                UnknownWord($0.key, column: $0.value, nearest: Self.nearest(to: $0.key, in: known))
            }
            .sorted { $0.column < $1.column }
    }

    /// The name with the fewest edits, the first one by the alphabet among several.
    private static func nearest(to word: String, in known: Set<String>) -> String? {
        // With as many edits as the word has letters, it could become anything.
        let limit = min(2, word.utf8.count - 1)
        let near = known.compactMap { name in
            EditDistance.between(word, name, atMost: limit).map { (distance: $0, name: name) }
        }
        return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }
}

/// A word of a selector that means nothing in the fleet.
public struct UnknownWord: Hashable, Sendable {
    public let name: String
    /// Where the selector first mentions it; counts Unicode scalars from 1.
    public let column: Int
    /// The most similar word that means something; `nil` when none is at most two edits away.
    public let nearest: String?

    init(_ name: String, column: Int, nearest: String?) {
        self.name = name
        self.column = column
        self.nearest = nearest
    }
}

extension UnknownWord: CustomStringConvertible {
    /// One clause for the author of the selector.
    public var description: String {
        "no device has an attribute called `\(name)`"
            + (nearest.map { "; did you mean `\($0)`?" } ?? "")
    }
}
