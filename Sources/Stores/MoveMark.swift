/// What a move leaves in both databases, so that no server works on the wrong one.
///
/// A marked database says that it has a schema which no slipway-server has: an older one refuses it,
/// too, and a running one writes nothing more. The words are in a table that only marked databases
/// have.
struct MoveMark: Hashable {
    enum State: String {
        /// The move has begun, and is not finished.
        case moving
        /// On the source: all of it is on the target. On the target: it may be used.
        case moved
        /// On the target: its source was taken back.
        case givenUp = "given up"
    }

    /// The same on both sides, and of this move only.
    let id: String
    /// The database on the other side.
    let other: String
    let state: State

    /// What is added to the number of the schema of a database that no server may use.
    private static let added = 1_000_000

    static let table = "slipway_move"

    static let make = """
        CREATE TABLE slipway_move (
            one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
            id TEXT NOT NULL,
            other TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('moving', 'moved', 'given up')),
            -- Rows on the target so far.
            row_count INTEGER NOT NULL
        ) STRICT;
        """
    static let read = "SELECT id, other, state FROM slipway_move"

    static func version(ofMarked schema: Int) -> Int { schema + added }

    /// The schema of a marked database; `nil` for one that is not marked.
    static func schema(ofMarked version: Int) -> Int? {
        version > added ? version - added : nil
    }

    init(id: String, other: String, state: State) {
        self.id = id
        self.other = other
        self.state = state
    }

    /// Of a row of ``read``.
    ///
    /// `nil` for one that no slipway-server has written.
    init?(id: String, other: String, state: String) {
        guard let state = State(rawValue: state) else { return nil }
        self.init(id: id, other: other, state: state)
    }

    /// Why no server may use the source.
    func refusal(ofSource path: String) -> String {
        switch state {
        case .moving:
            """
            \(path) is being moved to \(other), and that is not finished: run slipway-server move \
            again, or take the database back by slipway-server move --back
            """
        case .moved, .givenUp:
            """
            \(path) was moved to \(other), which servers use now (--store): one on the old \
            database would offer what has been offered there, beyond every limit; to go back for \
            good, see slipway-server move --back
            """
        }
    }

    /// Why no server may use the target; `nil` when it may.
    var refusalOfTarget: String? {
        switch state {
        case .moving:
            """
            the PostgreSQL database is being filled from \(other), and that is not finished: run \
            slipway-server move again
            """
        case .moved: nil
        case .givenUp:
            """
            the PostgreSQL database was given up when \(other), from which it was filled, was \
            taken back by slipway-server move --back
            """
        }
    }
}
