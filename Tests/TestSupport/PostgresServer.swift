public import Foundation
internal import Glibc
internal import Synchronization

/// A PostgreSQL server of the tests' own, Debian's, on a Unix socket in a temporary folder.
///
/// It goes when the value is let go, and also when the test process dies, however that happens: a
/// shell waits for the end of a pipe that only this process writes to, and stops the server then.
public final class PostgresServer: Sendable {
    /// Why there is no server.
    public struct Problem: Error, CustomStringConvertible {
        public let description: String
    }

    public let folder: URL
    fileprivate let programs: URL
    private let ward: Ward
    private let databaseCount = Mutex(0)

    /// One that all tests of a process share; made when it is first asked for.
    public static let shared = Result { try PostgresServer(isDurable: false) }

    /// A server with a database cluster of its own.
    ///
    /// - Parameter isDurable: Whether it syncs to the disk what it commits.
    public convenience init(isDurable: Bool) throws {
        try self.init(
            isDurable: isDurable,
            making: """
                "$0/initdb" --no-sync --auth=trust --username=slipway --encoding=UTF8 \
                    --locale-provider=icu --icu-locale=en-US --locale=C.UTF-8 -D data
                """)
    }

    /// A standby that follows `primary`, and from now on has to have what that one acknowledges.
    public convenience init(standbyOf primary: PostgresServer) throws {
        try self.init(
            isDurable: true,
            making: """
                "$0/pg_basebackup" --no-sync --checkpoint=fast --wal-method=stream \
                    --write-recovery-conf --username=slipway --host=\(primary.folder.path) -D data
                """)
        for statement in [
            "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()",
        ] { try primary.query(primary.address(of: "postgres"), statement) }
        while try primary.query(
            primary.address(of: "postgres"), "SELECT sync_state FROM pg_stat_replication")
            != "sync"
        {}
    }

    /// - Parameter making: Shell words that make the folder `data`; `$0` is that of the programs.
    private init(isDurable: Bool, making: String) throws {
        let programs = try Self.findPrograms()
        self.programs = programs
        // Short, because the path of a socket has at most 107 bytes.
        folder = FileManager.default.temporaryDirectory.appending(
            path: "pg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if geteuid() == 0 { try Self.run(["chown", "postgres", folder.path]) }
        // Sorted as people like it, so that whoever relies on the order of bytes has to say so.
        let settings =
            "-k \(folder.path) -c listen_addresses= -c max_connections=200"
            + (isDurable ? "" : " -c fsync=off -c full_page_writes=off")
        let script = """
            cd "$1"
            { \(making)
            } >log 2>&1 &&
            "$0/pg_ctl" -w -D data -l log -o "$2" start >/dev/null 2>&1 && echo ready &&
            while read -r word; do
                "$0/pg_ctl" -w -D data -l log -o "$2" start >/dev/null 2>&1 && echo ready
            done
            "$0/pg_ctl" -w -D data -m immediate stop >/dev/null 2>&1
            rm -rf "$1"
            """
        ward = try Ward(
            Self.unprivileged + ["/bin/sh", "-c", script, programs.path, folder.path, settings])
        guard ward.isReady else {
            throw Problem(description: "PostgreSQL does not start in \(folder.path)")
        }
    }

    /// A new database, empty or a copy of another one, which nobody may be using; its address.
    public func makeDatabase(copying template: String? = nil) throws -> String {
        let number = databaseCount.withLock { count in
            count += 1
            return count
        }
        let name = "test_\(number)"
        let copied = template.map { " TEMPLATE \(Self.name(of: $0))" } ?? ""
        try query(address(of: "postgres"), "CREATE DATABASE \(name)\(copied)")
        return address(of: name)
    }

    /// What `psql` answers to statements: unaligned rows, with `|` between columns.
    @discardableResult
    public func query(_ address: String, _ statements: String) throws -> String {
        let output = try Self.run(
            [
                programs.appending(path: "psql").path, "--no-psqlrc", "--quiet", "--tuples-only",
                "--no-align", "--set=ON_ERROR_STOP=1", "--dbname=\(address)",
                "--command=\(statements)",
            ])
        return output.trimmingCharacters(in: .newlines)
    }

    /// Stops it as a crash would.
    public func crash() throws { try control("-m", "immediate", "stop") }

    /// Starts it after a ``crash()``.
    public func start() throws {
        // By the shell: a server that we start ourselves holds open by what we know that its starter
        // has ended.
        guard ward.asksForMore() else {
            throw Problem(description: "PostgreSQL does not start again in \(folder.path)")
        }
    }

    /// Ends the server that others talk to, and no more; what it has begun may go on for a moment.
    public func kill() throws { Glibc.kill(try process(), SIGKILL) }

    /// Lets a standby take the primary's place.
    public func promote() throws { try control("promote") }

    /// Stops all of its processes where they are: connections stand, and nobody answers.
    public func freeze() throws { try signal(SIGSTOP) }

    public func thaw() throws { try signal(SIGCONT) }

    private func signal(_ signal: Int32) throws {
        let main = try process()
        let children = try String(
            contentsOfFile: "/proc/\(main)/task/\(main)/children", encoding: .utf8)
        for process in [main] + children.split(separator: " ").compactMap({ Int32($0) }) {
            Glibc.kill(process, signal)
        }
    }

    private func process() throws -> Int32 {
        let file = folder.appending(path: "data/postmaster.pid")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let number = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw Problem(description: "\(file.path) names no process")
        }
        return number
    }

    /// The same database on this server and on others, for whoever takes the one that writes: as
    /// libpq has it, with several hosts.
    public func address(of database: String, or others: PostgresServer...) -> String {
        let hosts = ([self] + others).map { $0.folder.path.replacing("/", with: "%2F") }
        return "postgres://slipway@\(hosts.joined(separator: ","))/\(Self.name(of: database))"
            + "?target_session_attrs=read-write"
    }

    private func control(_ words: String...) throws {
        let data = folder.appending(path: "data").path
        try Self.run(
            Self.unprivileged + [programs.appending(path: "pg_ctl").path, "-w", "-D", data]
                + words)
    }

    private func address(of name: String) -> String {
        "postgres://slipway@/\(name)?host=\(folder.path)"
    }

    private static func name(of address: String) -> Substring {
        address.prefix { $0 != "?" }.split(separator: "/").last ?? ""
    }

    /// A server refuses to run as root.
    private static var unprivileged: [String] {
        geteuid() == 0
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    }

    private static func findPrograms() throws -> URL {
        let place = URL(filePath: "/usr/lib/postgresql")
        let versions = try? FileManager.default.contentsOfDirectory(atPath: place.path)
        guard let newest = versions?.compactMap({ Int($0) }).max() else {
            throw Problem(description: "there is no PostgreSQL: apt-get install postgresql")
        }
        return place.appending(path: "\(newest)/bin")
    }

    @discardableResult
    private static func run(_ words: [String]) throws -> String {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Problem(
                description: "\(words.joined(separator: " ")):"
                    + " \(String(decoding: text, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A lock that another session holds on a table.
public final class PostgresLock: Sendable {
    private let session: Ward

    public init(_ server: PostgresServer, _ address: String, on table: String) throws {
        // The shell's end, or a line, ends the session and its transaction.
        let script = """
            { echo "BEGIN; LOCK TABLE $2; SELECT 'locked';"; read -r word; } |
                "$0/psql" --no-psqlrc --quiet --tuples-only --no-align --dbname="$1"
            """
        session = try Ward(["/bin/sh", "-c", script, server.programs.path, address, table])
        guard session.isReady else {
            throw PostgresServer.Problem(description: "\(table) cannot be locked")
        }
    }

    public func release() { session.end() }
}

/// A program that runs until this process ends, or lets it go.
private final class Ward: Sendable {
    let isReady: Bool
    private let process: Mutex<ChildProcess>
    private let input: FileHandle
    private let output: FileHandle

    /// Gives the program a line, and waits until it prints one, or ends.
    func asksForMore() -> Bool {
        input.write(Data("again\n".utf8))
        return !output.availableData.isEmpty
    }

    /// Waits until the program prints a line, or ends.
    init(_ words: [String]) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // Programs that tests start must not keep it open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        isReady = !output.fileHandleForReading.availableData.isEmpty
        self.input = input.fileHandleForWriting
        self.output = output.fileHandleForReading
        self.process = Mutex(process)
    }

    deinit { end() }

    /// Lets it go, and waits for its end.
    func end() {
        try? input.close()
        process.withLock { $0.waitUntilExit() }
    }
}
