extension JSONFields {
    /// Refuses the first member that is not `known`; for what people write by hand.
    ///
    /// - Throws: ``JSONShapeError`` naming the member and a known one that is spelled like it.
    public func refuseMembers(otherThan known: Set<String>) throws(JSONShapeError) {
        let known = Set(known.map { JSONString($0) })
        guard let unknown = members.members.first(where: { !known.contains($0.key) })?.key
        else { return }
        let hint = Self.nearest(to: unknown, among: known).map { "; perhaps \($0.quoted)" } ?? ""
        throw JSONShapeError(path: path, expected: "no member called \(unknown.quoted)\(hint)")
    }

    /// The alphabetically first of the names that are at most two edits away and nearest.
    private static func nearest(
        to name: JSONString, among known: Set<JSONString>
    ) -> JSONString? {
        // A distance costs the product of the lengths, and a stranger chose one of them.
        guard name.utf8.count <= 64 else { return nil }
        return known.map {
            (distance: editDistance(from: Array(name.utf8), to: Array($0.utf8)), name: $0)
        }
        .filter { $0.distance <= 2 && $0.distance < name.utf8.count }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// How many bytes must be added, dropped or changed (Levenshtein).
    private static func editDistance(from source: [UInt8], to target: [UInt8]) -> Int {
        var row = Array(0...target.count)
        for (line, byte) in source.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in target.enumerated() {
                let changed = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
