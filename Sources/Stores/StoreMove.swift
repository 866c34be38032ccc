public import Trust

/// Moves a fleet from SQLite to PostgreSQL: all rows of all tables, or the database stays where it is.
///
/// The file is marked first, so that no server works on it while it moves and afterwards; the
/// PostgreSQL database is marked until all of it was found equal on both sides. Rows come over in the
/// order of their keys, many in a transaction, so that what has come over tells where to go on: a move
/// that was cut at any moment goes on when it is begun again. Memory does not grow with the fleet.
public struct StoreMove {
    let path: String
    let target: MoveTarget
    private let hashing: any Hashing
    private let makeID: () throws -> String
    private let report: (Progress) -> Void

    /// The rows and bytes of text that come over in one transaction.
    private static let batchRows = 5000
    private static let batchBytes = 1_048_576

    /// How far a move is.
    public enum Progress: Hashable, Sendable {
        /// Looks whether the file is whole.
        case checking
        case copying(table: String, rowCount: Int, of: Int)
        case comparing(table: String)
    }

    /// What a move has come to.
    public enum Outcome: Hashable, Sendable {
        case moved([ComparedTable])
        /// Another run of the move was at its end; servers may have changed the target since.
        case wasMoved
    }

    /// One table on both sides.
    public struct ComparedTable: Hashable, Sendable {
        public let name: String
        public let source: RowsDigest
        public let target: RowsDigest
    }

    /// - Parameters:
    ///   - path: The file, which no server uses.
    ///   - url: A PostgreSQL database without rows, or one that an earlier run has begun to fill.
    ///   - makeID: Makes a text that no other move has.
    public init(
        from path: String, to url: String, hashing: any Hashing,
        makeID: @escaping () throws -> String, report: @escaping (Progress) -> Void
    ) {
        self.path = path
        target = MoveTarget(url: url)
        self.hashing = hashing
        self.makeID = makeID
        self.report = report
    }

    /// Moves all that has not come over yet.
    ///
    /// - Throws: ``MoveProblem``; nothing is lost, and no server starts on either side until the move
    ///   has come to its end or was taken back.
    public func run() throws(MoveProblem) -> Outcome {
        // Asked first, so that a target that is not fit leaves the file as it was.
        let standing = try target.standing()
        return try MoveSource.open(path) { source in
            guard let mark = try mark(source, standing) else { return .wasMoved }
            try copy(source, mark)
            let tables = try compare(source)
            try refuseDifferences(tables)
            // In this order there is no moment at which servers could start on both.
            try source.write(MoveMark(id: mark.id, other: mark.other, state: .moved))
            try target.complete(mark) { try source.lastNumber(of: $0, $1) }
            return .moved(tables)
        }
    }

    // MARK: Where it stands

    /// The mark that both sides have; makes it for a move that begins.
    ///
    /// Returns `nil` when all is done.
    private func mark(_ source: MoveSource, _ standing: MoveTarget.Standing) throws -> MoveMark? {
        let own = try source.mark()
        switch (standing, own?.state) {
        case (.empty, nil), (.empty, .moving): return try begin(source)
        case (.empty, .moved), (.empty, .givenUp):
            throw MoveProblem.refused(own?.refusal(ofSource: path) ?? "")
        case (.marked(let mark), _):
            guard let own, own.id == mark.id else {
                throw MoveProblem.refused(
                    "the PostgreSQL database is of another move, from \(mark.other): give this one"
                        + " an empty database")
            }
            switch mark.state {
            case .moving: return own
            case .moved: return nil
            case .givenUp: throw MoveProblem.refused(mark.refusalOfTarget ?? "")
            }
        }
    }

    private func begin(_ source: MoveSource) throws -> MoveMark {
        report(.checking)
        try source.checkIntegrity()
        // Never that of an earlier target, which could come to its end, too.
        let mark = MoveMark(id: try makeID(), other: try target.name(), state: .moving)
        try source.write(mark)
        try target.begin(MoveMark(id: mark.id, other: path, state: .moving))
        return mark
    }

    // MARK: Copying

    private func copy(_ source: MoveSource, _ mark: MoveMark) throws {
        var rowCount = try target.rowCount()
        for table in try MovedTable.all() {
            let total = try source.rowCount(of: table)
            var copied = try target.rowCount(of: table)
            let rows = try source.rows(of: table, after: target.lastKey(of: table))
            report(.copying(table: table.name, rowCount: copied, of: total))
            while case let batch = try Self.batch(rows), !batch.isEmpty {
                try target.append(batch, to: table, of: mark, after: rowCount)
                rowCount += batch.count
                copied += batch.count
                report(.copying(table: table.name, rowCount: copied, of: total))
            }
        }
    }

    private static func batch(_ rows: MovedRows) throws -> [[SQLValue]] {
        var batch: [[SQLValue]] = []
        var byteCount = 0
        while batch.count < batchRows, byteCount < batchBytes, let row = try rows.next() {
            byteCount += row.reduce(0) { $0 + $1.byteCount }
            batch.append(row)
        }
        return batch
    }

    // MARK: Comparing

    private func compare(_ source: MoveSource) throws -> [ComparedTable] {
        try MovedTable.all().map { table in
            report(.comparing(table: table.name))
            var hasher = RowsHasher(hashing)
            let rows = try source.rows(of: table)
            while let row = try rows.next() { hasher.take(row) }
            return ComparedTable(
                name: table.name, source: hasher.finish(),
                target: try target.digest(of: table, by: RowsHasher(hashing)))
        }
    }

    private func refuseDifferences(_ tables: [ComparedTable]) throws {
        let different = tables.filter { $0.source != $0.target }.map { table in
            "\(table.name) (\(table.source.rowCount) and \(table.target.rowCount) rows)"
        }
        guard different.isEmpty else {
            throw MoveProblem.refused(
                "\(path) and the PostgreSQL database differ in \(different.joined(separator: ", ")):"
                    + " somebody has changed one of them since the move began; begin anew with an"
                    + " empty database")
        }
    }
}

extension SQLValue {
    /// About how much memory it takes.
    fileprivate var byteCount: Int {
        switch self {
        case .null, .integer, .real: 8
        case .text(let text): 8 + text.utf8.count
        }
    }
}
