/// What is wrong with a log, at the first place where something is.
public enum AuditFinding: Error, Hashable, Sendable {
    /// A line of an export that the server did not write like this.
    case unreadable(line: Int, problem: String)
    /// Another row stands where this one has to.
    case missing(row: Int64, found: Int64)
    /// The row does not say any more what it said when its hash was taken.
    case changed(row: Int64)
    /// The row was not written after the one that stands before it.
    case torn(row: Int64)
    /// The signed checkpoint is of a row with this number that said something else.
    case contradicted(row: Int64)
    /// No key that is trusted has signed the checkpoint.
    case unsigned(row: Int64)
    /// The checkpoint does not stand where it was made, or one before it was taken out.
    case misplaced(checkpoint: Int64)
    /// The checkpoint is of the log of another repository.
    case foreign(checkpoint: Int64)
    /// A signed checkpoint is of a row behind the last one.
    case cut(last: Int64, signed: Int64)
    /// No signed checkpoint covers the rows after this one.
    case uncovered(after: Int64, last: Int64)
}

extension AuditFinding: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let line, let problem): "line \(line) is no row of a log: \(problem)"
        case .missing(let row, let found):
            found > row
                ? "row \(row) is missing: row \(found) stands in its place"
                : "row \(found) stands where row \(row) has to: rows were added or put in another"
                    + " order"
        case .changed(let row): "row \(row) was changed: its hash is that of something else"
        case .torn(let row):
            row == 1
                ? "row 1 was not the first when it was written: rows before it were removed"
                : "row \(row) was not written after row \(row - 1) as it is here: one of the two was"
                    + " changed or replaced"
        case .contradicted(let row):
            "row \(row) is not the one that a signed checkpoint tells of: the log was rewritten"
        case .unsigned(let row):
            "the checkpoint of row \(row) is signed by no key that is trusted here"
        case .misplaced(let checkpoint):
            "the checkpoint of row \(checkpoint) is not the one that has to stand there: one was"
                + " removed or replaced"
        case .foreign(let checkpoint):
            "the checkpoint of row \(checkpoint) is of another repository's log"
        case .cut(let last, let signed):
            "the log ends with row \(last), and a signed checkpoint tells of row \(signed): rows"
                + " \(last + 1) to \(signed) were removed"
        case .uncovered(let row, let last):
            last == 0
                ? "there is no row, and no signed checkpoint"
                : "no signed checkpoint covers rows \(row + 1) to \(last): they may have been added"
                    + " or changed by anybody"
        }
    }
}
