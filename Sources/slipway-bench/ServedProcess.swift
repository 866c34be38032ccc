import Foundation
internal import Load

/// A server that runs beside this program, and what it takes.
final class ServedProcess {
    private let process: Process
    let port: Int
    /// From its start until it could be asked.
    let readySeconds: Double

    /// What one load took of both.
    struct Cost {
        let outcome: LoadGenerator.Outcome
        let serverSeconds: Double
        let clientSeconds: Double

        var serverMicroseconds: Double { serverSeconds / Double(outcome.answered) * 1e6 }
        var clientMicroseconds: Double { clientSeconds / Double(outcome.answered) * 1e6 }
    }

    /// - Parameter port: Looks for the port on which the program listens; `nil` until it does.
    init(
        _ command: [String], in folder: URL? = nil, log: URL, environment: [String: String] = [:],
        port: () -> Int?
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        let begin = ContinuousClock.now
        try process.run()
        self.process = process
        var found = port()
        while found == nil {
            guard process.isRunning, ContinuousClock.now - begin < .seconds(60) else {
                process.end()
                let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw BenchProblem.failed("\(command[0]) does not serve: \(said.suffix(2000))")
            }
            usleep(2000)
            found = port()
        }
        readySeconds = WallTime.seconds(.now - begin)
        self.port = found ?? 0
    }

    deinit { process.end() }

    func end() { process.end() }

    /// Of the process and of those that it has started.
    var processorSeconds: Double {
        let pid = process.processIdentifier
        return ([pid] + ProcessTree.children(of: pid))
            .reduce(0) { $0 + (ProcessTree.processorSeconds(of: $1) ?? 0) }
    }

    /// The most that it ever held.
    var peakResidentMiB: Double { ProcessTree.peakResidentMiB(of: process.processIdentifier) }

    var residentMiB: Double { ProcessTree.residentMiB(of: process.processIdentifier) }

    /// Sends each of `requests` once at most, over new connections.
    func load(
        over connections: Int, _ pace: LoadGenerator.Pace, seconds: Double, _ requests: [[UInt8]]
    ) throws -> Cost {
        var place = 0
        return try load(over: connections, pace, seconds: seconds) {
            guard place < requests.count else { return nil }
            defer { place += 1 }
            return requests[place]
        }
    }

    func load(
        over connections: Int, _ pace: LoadGenerator.Pace, seconds: Double,
        next: () -> [UInt8]?
    ) throws -> Cost {
        let generator = try LoadGenerator(port: port, connections: connections)
        let (server, client) = (processorSeconds, ProcessorTime.seconds)
        let outcome = try generator.run(pace, seconds: seconds, next: next)
        return Cost(
            outcome: outcome, serverSeconds: processorSeconds - server,
            clientSeconds: ProcessorTime.seconds - client)
    }

    func refuse(failed cost: Cost) throws {
        guard cost.outcome.answered > 0, cost.outcome.refused == 0 else {
            throw BenchProblem.failed(
                "\(cost.outcome.refused) requests failed, and \(cost.outcome.answered) did not")
        }
    }
}

/// A port that nobody has just now.
enum FreePort {
    static func any() -> Int {
        var port = Int.random(in: 20_000..<30_000)
        while isServed(port) { port = Int.random(in: 20_000..<30_000) }
        return port
    }

    /// Whether somebody listens there.
    static func isServed(_ port: Int) -> Bool {
        (try? LoadGenerator(port: port, connections: 1)) != nil
    }
}

/// A request as it goes over a connection.
enum PlainRequest {
    static func post(_ path: String, _ body: [UInt8]) -> [UInt8] {
        self.body("POST", path, body)
    }

    static func body(_ method: String, _ path: String, _ body: [UInt8]) -> [UInt8] {
        Array(
            """
            \(method) \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Content-Type: application/json\r
            Content-Length: \(body.count)\r
            \r

            """.utf8) + body
    }

    static func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    }
}
