extension Selector {
    /// The words that are neither built in nor among `attributes`, in the order of their columns.
    ///
    /// Those of the cohorts that it refers to are not told. They are no errors, since a device may get the attribute later, but most are misspelt.
    ///
    /// - Parameter attributes: The names of all attributes that devices of the fleet have.
    public func unknownWords(besides attributes: Set<String>) -> [UnknownWord] {
        let known = attributes.union(DeviceWord.builtIn.keys)
        return columns.filter { !known.contains($0.key) }
            .map {
                UnknownWord(
                    $0.key, column: $0.value, nearest: EditDistance.nearest(to: $0.key, in: known))
            }
            .sorted { $0.column < $1.column }
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
