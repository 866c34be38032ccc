internal import Synchronization

/// How long to wait for a server that has not closed the connection; `nil` for as long as it takes.
public struct PostgresPatience: Sendable {
    /// For a transaction to begin, the locks that it begins with included.
    public let begin: Duration?
    public let statement: Duration?
    /// For a commit, which may wait for a standby.
    public let commit: Duration?

    public init(begin: Duration?, statement: Duration?, commit: Duration?) {
        (self.begin, self.statement, self.commit) = (begin, statement, commit)
    }

    /// A little longer than servers wait by themselves, as they are told to.
    public static let standard = PostgresPatience(
        begin: .seconds(10), statement: .seconds(65), commit: .seconds(15))
}

/// Connections to one database, made when they are needed and made again after they were lost.
public final class PostgresPool: Sendable {
    private struct State {
        var idle: [PostgresConnection] = []
        /// How long it waits after the newest failure to connect.
        var pause = PostgresPool.shortestPause
        /// Before this nobody tries to connect.
        var nextAttempt: ContinuousClock.Instant?
        var lastProblem = PostgresError("not connected", isLost: true)
    }

    private static let shortestPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)

    /// What holds where the address says nothing else: a server that is gone is noticed within
    /// seconds, and after a failover the one that takes writes is found.
    private static let defaults = [
        ("connect_timeout", "3"), ("target_session_attrs", "read-write"),
        ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "10000"), ("client_encoding", "UTF8"),
        ("application_name", "slipway-server"),
    ]

    private let url: String
    private let setup: String
    private let state = Mutex(State())

    /// - Parameter setup: Statements that each new connection begins with.
    public init(url: String, setup: String) {
        self.url = url
        self.setup = setup
    }

    /// Runs `body` in a transaction that `begin` opens and `body` ends; what is still open after it
    /// is rolled back.
    ///
    /// The body is given what the last statement of `begin` was answered.
    ///
    /// - Throws: What `body` throws. ``PostgresError`` with ``PostgresError/isLost`` at once while
    ///   the server cannot be reached.
    public func transaction(
        begin: String, patience: PostgresPatience = .standard,
        _ body: (PostgresConnection, _ begun: PostgresAnswer) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let (connection, begun) = try opened(begin, patience)
        defer { giveBack(connection) }
        try body(connection, begun)
    }

    private func opened(
        _ begin: String, _ patience: PostgresPatience
    ) throws(PostgresError) -> (PostgresConnection, PostgresAnswer) {
        // Those that have waited may have been lost meanwhile, all at once; nothing was begun, so
        // that it is safe to try another.
        while let connection = state.withLock({ $0.idle.popLast() }) {
            connection.patience = patience
            do {
                return (connection, try connection.begin(begin))
            } catch {
                // The others would be as silent, one after another.
                if error.isSilence { state.withLock { $0.idle = [] } }
                guard error.isLost, !error.isSilence else {
                    giveBack(connection)
                    throw error
                }
            }
        }
        let connection = try connect()
        connection.patience = patience
        do { return (connection, try connection.begin(begin)) } catch {
            giveBack(connection)
            throw error
        }
    }

    private func connect() throws(PostgresError) -> PostgresConnection {
        try state.withLock { state throws(PostgresError) in
            if let next = state.nextAttempt, ContinuousClock.now < next {
                throw state.lastProblem
            }
        }
        do {
            let connection = try PostgresConnection(url, defaults: Self.defaults)
            try connection.run(setup)
            state.withLock { state in
                state.nextAttempt = nil
                state.pause = Self.shortestPause
            }
            return connection
        } catch {
            let problem = PostgresError(sqlState: error.sqlState, error.message, isLost: true)
            state.withLock { state in
                state.lastProblem = problem
                state.nextAttempt = ContinuousClock.now + state.pause
                state.pause = min(state.pause * 2, Self.longestPause)
            }
            throw problem
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        guard !connection.isLost else { return }
        if !connection.isIdle { try? connection.rollBack() }
        guard connection.isIdle, !connection.isLost else { return }
        state.withLock { $0.idle.append(connection) }
    }
}
