/// How many bytes have to be inserted, removed or replaced to make one text of another.
enum EditDistance {
    /// `nil` when it is more than `limit`, which is found out early.
    static func between(_ left: String, _ right: String, atMost limit: Int) -> Int? {
        let columns = Array(right.utf8)
        guard abs(left.utf8.count - columns.count) <= limit else { return nil }
        // The distances of what has been read of `left` to each beginning of `right`.
        var distances = Array(0...columns.count)
        for (row, byte) in left.utf8.enumerated() {
            var diagonal = row
            distances[0] = row + 1
            for (index, other) in columns.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = distances[index + 1]
                distances[index + 1] = min(replaced, diagonal + 1, distances[index] + 1)
            }
            guard distances.contains(where: { $0 <= limit }) else { return nil }
        }
        return distances[columns.count] <= limit ? distances[columns.count] : nil
    }

    /// The name with the fewest edits, the first one by the alphabet among several; `nil` when
    /// none is at most two away.
    static func nearest(to word: String, in known: some Sequence<String>) -> String? {
        // With as many edits as the word has letters, it could become anything.
        let limit = min(2, word.utf8.count - 1)
        let near = known.compactMap { name in
            between(word, name, atMost: limit).map { (distance: $0, name: name) }
        }
        return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }
}
