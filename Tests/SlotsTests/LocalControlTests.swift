import Agent
import Foundation
import Slots
import TestSupport
import Testing

/// The running agent as people, programs and the service manager at the device meet it.
@Suite(.timeLimit(.minutes(2))) struct LocalControlTests {
    private let agent: RunningAgent

    init() throws { agent = try RunningAgent() }

    /// Starts it and waits until it has tried its server and pauses.
    private func start() throws {
        try agent.start()
        try agent.wait(for: "the server cannot be reached")
    }

    private func connect() throws -> ControlConnection {
        let path = "\(agent.folder.path)/state/control.sock"
        return try #require(try ControlConnection(to: path))
    }

    private func answer(
        to line: String, _ connection: ControlConnection
    ) throws -> [String: Any] {
        try connection.send(Array(line.utf8))
        let answer = Data(try #require(try connection.receive()))
        return try #require(try JSONSerialization.jsonObject(with: answer) as? [String: Any])
    }

    @Test func tellsHowItIs() throws {
        try start()
        let status = try answer(to: #"{"do":"status"}"#, connect())
        #expect(status["ok"] as? Bool == true)
        #expect(status["running"] as? Bool == true)
        #expect(status["phase"] as? String == "idle")
        #expect(status["slot"] as? String == "a")
        // An operator who is asked to accept a key compares it with this one.
        let key = try #require(status["key"] as? String)
        #expect(key.count == 64)
        #expect(try agent.ask("status").output.contains("key        \(key)\n"))
        #expect(try agent.ask("status").output.contains("agent      running"))
        let json = try agent.ask("status", "--json").output
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect(object?["running"] as? Bool == true)
    }

    @Test func checksInWhenItIsTold() throws {
        try start()
        for _ in 0..<3 {
            let end = try agent.ask("check-now")
            #expect(end.status == 0)
            #expect(end.output == "the agent checks in\n")
        }
    }

    /// After the first tries, a pause of days: only the wish ends it.
    @Test func aWishEndsALongPause() throws {
        try start()
        let connection = try connect()
        var tries = 0
        while tries < 20 {
            _ = try answer(to: #"{"do":"check-now"}"#, connection)
            let logs = try answer(to: #"{"do":"logs"}"#, connection)
            let lines = logs["lines"] as? [String] ?? []
            tries = lines.filter { $0.contains("cannot be reached") }.count
        }
    }

    @Test func keepsItsLog() throws {
        try start()
        let now = try agent.ask("logs", "--lines", "1")
        #expect(now.status == 0)
        #expect(now.output.contains("the server cannot be reached"))
        #expect(now.output.split(separator: "\n").count == 1)
        #expect(try agent.folder.text(of: "state/log").contains("the server cannot be reached"))
    }

    @Test func putsOffAndTakesBack() throws {
        try start()
        let put = try agent.ask("defer", "2h")
        #expect(put.status == 0)
        #expect(put.output.hasPrefix("the restart is put off until 2"))
        #expect(try agent.ask("status").output.contains("deferred   until 2"))
        #expect(try agent.ask("defer", "0").output == "the restart is put off no longer\n")
        #expect(try !agent.ask("status").output.contains("deferred"))
    }

    @Test func refusesWithASentence() throws {
        try start()
        let back = try agent.ask("rollback")
        #expect(back.status == 1)
        #expect(back.error.contains("the image in slot a is confirmed"))
        let confirm = try agent.ask("confirm")
        #expect(confirm.status == 1)
        #expect(confirm.error.contains("no new image is on trial"))
        let missing = try agent.ask("install", "/nowhere.slip")
        #expect(missing.status == 1)
        #expect(missing.error.contains("/nowhere.slip does not exist"))
        let noBundle = try agent.ask("install", "\(agent.folder.path)/root.json")
        #expect(noBundle.status == 1)
        #expect(noBundle.error.contains("not a bundle"))
        // For programs too.
        let json = try answer(to: #"{"do":"rollback"}"#, connect())
        #expect(json["ok"] as? Bool == false)
        #expect(json["code"] as? String == "refused")
    }

    static let nonsense = [
        "{}", "[]", "status", #"{"do":"dance"}"#, #"{"do":"status","more":1}"#,
        #"{"do":"install"}"#, #"{"do":"install","path":5}"#, #"{"do":"defer"}"#,
        #"{"do":"defer","seconds":-1}"#, #"{"do":"defer","until":"tomorrow"}"#,
        #"{"do":"defer","until":"2026-01-31T12:00:00Z","seconds":1}"#, #"{"do":"logs","lines":0}"#,
        #"{"do":"status","do":"rollback"}"#, #"{"do":{"do":{"do":{"do":{"do":1}}}}}"#, "\u{0}",
    ]

    @Test func nonsenseIsAnsweredAndSentAway() throws {
        try start()
        for line in Self.nonsense {
            let connection = try connect()
            let answer = try answer(to: line, connection)
            #expect(answer["ok"] as? Bool == false, "\(line)")
            #expect(answer["code"] as? String == "bad-request", "\(line)")
            #expect(try connection.receive() == nil, "\(line)")
        }
        #expect(try agent.ask("status").status == 0)
    }

    /// A signal ends it cleanly: nothing is left that a new agent stumbles over.
    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsItCleanly(number: Int32) throws {
        try start()
        agent.end(by: number)
        #expect(agent.process.terminationReason == .exit)
        #expect(agent.process.terminationStatus == 0)
        #expect(!agent.folder.has("state/control.sock"))
        #expect(try agent.folder.text(of: "state/log").hasSuffix("the agent ends\n"))
    }

    @Test func aKilledAgentsSocketIsReplaced() throws {
        try start()
        agent.end(by: SIGKILL)
        #expect(agent.folder.has("state/control.sock"))
        #expect(try agent.ask("check-now").status == 1)
        try start()
        #expect(try agent.ask("check-now").status == 0)
    }

    // MARK: The service manager

    @Test(arguments: ["path", "@name"])
    func tellsTheServiceManager(kind: String) throws {
        let address =
            kind == "path"
            ? "\(agent.folder.path)/notify" : "@slipway-test-\(UUID().uuidString)"
        let manager = try Datagrams(at: address)
        try agent.start(environment: ["NOTIFY_SOCKET": address])
        #expect(try manager.next() == "READY=1")
        #expect(try manager.next() == "STATUS=phase idle")
        agent.end(by: SIGTERM)
        #expect(try manager.next() == "STOPPING=1")
    }

    @Test func givesSignsOfLifeWhileItPauses() throws {
        let address = "\(agent.folder.path)/notify"
        let manager = try Datagrams(at: address)
        try agent.start(environment: ["NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"])
        var signs = 0
        while signs < 5 { signs += try manager.next() == "WATCHDOG=1" ? 1 : 0 }
    }

    /// Somebody else's watchdog is none of the agent's.
    @Test func looksWhoseWatchdogItIs() throws {
        let address = "\(agent.folder.path)/notify"
        let manager = try Datagrams(at: address)
        try agent.start(environment: [
            "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1",
        ])
        try agent.wait(for: "the server cannot be reached")
        agent.end(by: SIGTERM)
        var all: [String] = []
        while all.last != "STOPPING=1" { all.append(try manager.next()) }
        #expect(!all.contains("WATCHDOG=1"))
    }
}

/// What a service manager hears.
private final class Datagrams {
    private let process = ChildProcess()
    private let output = Pipe()
    private var said = Data()

    /// Listens by a program, because Foundation has no datagrams.
    init(at address: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-u", "-c",
            """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@' else sys.argv[1])
            print('listening')
            while True: print(s.recv(4096).decode().replace('\\n', ' '))
            """, address,
        ]
        process.standardOutput = output
        try process.run()
        #expect(try next() == "listening")
    }

    deinit {
        // It may have inherited a mask that keeps other signals from it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func next() throws -> String {
        while true {
            if let end = said.firstIndex(of: UInt8(ascii: "\n")) {
                defer { said.removeSubrange(...end) }
                return String(decoding: said[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw CocoaError(.fileReadUnknown) }
            said += more
        }
    }
}
