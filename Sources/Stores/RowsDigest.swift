public import Model
internal import Trust

/// How many rows a table has, and SHA-256 over them in the order of their keys.
public struct RowsDigest: Hashable, Sendable {
    public let rowCount: Int
    public let sha256: Digest
}

/// A digest over rows in the making.
struct RowsHasher {
    private var stream: SHA256Stream
    private var waiting: [UInt8] = []
    private var rowCount = 0

    /// In bytes; fewer and larger pieces are faster.
    private static let pieceLength = 65_536

    init(_ hashing: any Hashing) { stream = hashing.sha256Stream() }

    /// Each value begins with its kind, and text with its length: no two lists of values are
    /// written alike.
    mutating func take(_ row: [SQLValue]) {
        rowCount += 1
        for value in row { take(value) }
        guard waiting.count >= Self.pieceLength else { return }
        stream.update(waiting)
        waiting.removeAll(keepingCapacity: true)
    }

    private mutating func take(_ value: SQLValue) {
        switch value {
        case .null: waiting.append(0)
        case .integer(let number): take(1, UInt64(bitPattern: number))
        case .real(let number): take(2, number.bitPattern)
        case .text(let text):
            take(3, UInt64(text.utf8.count))
            waiting.append(contentsOf: text.utf8)
        }
    }

    private mutating func take(_ kind: UInt8, _ number: UInt64) {
        waiting.append(kind)
        for shift in stride(from: 56, through: 0, by: -8) {
            waiting.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    mutating func finish() -> RowsDigest {
        stream.update(waiting)
        return RowsDigest(rowCount: rowCount, sha256: stream.finish())
    }
}
