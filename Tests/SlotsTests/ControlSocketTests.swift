import Agent
import Foundation
import Slots
import TestSupport
import Testing

/// The socket as programs at the device meet it, hostile ones included.
@Suite(.timeLimit(.minutes(1))) struct ControlSocketTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/control.sock" }
    private let mailbox = ControlMailbox()

    init() throws { folder = try TemporaryFolder() }

    /// Repeats a line that begins with `=`, forwards one with `>`, watches at `watch`.
    private func listen(group: String? = nil) throws -> ControlSocket {
        try ControlSocket(at: path, group: group, mailbox: mailbox) { line, peer in
            switch line.first {
            case UInt8(ascii: "="): .answer(line)
            case UInt8(ascii: ">"): .forward
            case UInt8(ascii: "?"): .answer(Array("\(peer.user) \(peer.mayCommand)".utf8))
            case UInt8(ascii: "w"): .watch(line)
            case .none, .some: .refuse(Array("nonsense".utf8))
            }
        }
    }

    private func connect() throws -> ControlConnection {
        try #require(try ControlConnection(to: path))
    }

    private func ask(_ text: String, _ connection: ControlConnection) throws -> String? {
        try connection.send(Array(text.utf8))
        return try connection.receive().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func answersLineByLine() throws {
        let socket = try listen()
        let client = try connect()
        #expect(try ask("=1", client) == "=1")
        #expect(try ask("=2\n=3", client) == "=2")
        #expect(try client.receive() == Array("=3".utf8))
        withExtendedLifetime(socket) {}
    }

    @Test func saysWhoAsks() throws {
        let socket = try listen()
        #expect(try ask("?", connect()) == "\(getuid()) true")
        withExtendedLifetime(socket) {}
    }

    /// Even where the socket's file lets everybody in, the kernel's word on who it is counts.
    @Test(arguments: [
        (["--regid=65534", "--clear-groups"], false), (["--regid=1", "--clear-groups"], true),
        (["--regid=65534", "--groups=65534,1"], true),
    ])
    func ordersComeFromTheGroup(who: [String], mayCommand: Bool) throws {
        guard getuid() == 0 else {
            return withKnownIssue("only root can try who may give orders") {
                Issue.record("this is not root")
            }
        }
        let socket = try listen(group: "daemon")
        for (path, mode) in [(folder.path, 0o755), (path, 0o666)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        // Perl is where everybody may run it.
        let asking = """
            use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) or die;
            connect(S, pack_sockaddr_un($ARGV[0])) or die; syswrite(S, "?\\n"); print scalar <S>;
            """
        let end = try run(
            ["/usr/bin/env", "setpriv", "--reuid=65534"] + who
                + ["/usr/bin/perl", "-e", asking, path])
        #expect(end.output == "65534 \(mayCommand)\n", "\(end.error)")
        withExtendedLifetime(socket) {}
    }

    @Test func isForItsOwnerAndItsGroup() throws {
        let socket = try listen(group: "daemon")
        #expect(try folder.permissions(of: "control.sock") == 0o660)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.groupOwnerAccountName] as? String == "daemon")
        withExtendedLifetime(socket) {}
    }

    @Test func aGroupThatNobodyKnowsIsAnError() throws {
        #expect(throws: SlotError.missing(path: "the group no-such-group")) {
            try listen(group: "no-such-group")
        }
    }

    @Test func theAgentAnswersWhenItHasTime() throws {
        let socket = try listen()
        let client = try connect()
        #expect(!mailbox.isCalled)
        try client.send(Array(">roll".utf8))
        mailbox.wait(atMost: .seconds(1_000_000))
        #expect(mailbox.isCalled)
        let command = try #require(mailbox.nextCommand())
        #expect(command.line == Array(">roll".utf8))
        #expect(!mailbox.isCalled)
        // Others are answered meanwhile.
        #expect(try ask("=x", connect()) == "=x")
        mailbox.answer(command, with: Array("done".utf8))
        #expect(try client.receive() == Array("done".utf8))
        withExtendedLifetime(socket) {}
    }

    /// What nobody waits for any more is not done behind their back.
    @Test func aCommandOfAClientThatLeftIsNotCarriedOut() throws {
        let socket = try listen()
        var client: ControlConnection? = try connect()
        try client?.send(Array(">roll".utf8))
        mailbox.wait(atMost: .seconds(1_000_000))
        #expect(mailbox.isCalled)
        client = nil
        // Whoever is answered after it left came later.
        while mailbox.isCalled { #expect(try ask("=x", connect()) == "=x") }
        #expect(mailbox.nextCommand() == nil)
        withExtendedLifetime(socket) {}
    }

    @Test func whoWatchesIsTold() throws {
        let socket = try listen()
        let client = try connect()
        #expect(try ask("watch", client) == "watch")
        mailbox.publish(Array("quiet".utf8), isNews: false)
        mailbox.publish(Array("trial".utf8), isNews: true)
        mailbox.publish(Array("proven".utf8), isNews: true)
        #expect(try client.receive() == Array("trial".utf8))
        #expect(try client.receive() == Array("proven".utf8))
        #expect(mailbox.status == Array("proven".utf8))
        withExtendedLifetime(socket) {}
    }

    @Test func aWishEndsThePause() throws {
        mailbox.wish()
        mailbox.wish()
        mailbox.wait(atMost: .seconds(1_000_000))
        #expect(mailbox.takeWish())
        #expect(!mailbox.takeWish())
    }

    @Test(arguments: [Duration.zero, .milliseconds(-500), .seconds(-5)])
    func noTimeIsNoWait(duration: Duration) { mailbox.wait(atMost: duration) }

    @Test func nonsenseIsAnsweredAndSentAway() throws {
        let socket = try listen()
        let client = try connect()
        #expect(try ask("\u{1}\u{2}", client) == "nonsense")
        #expect(try client.receive() == nil)
        #expect(try ask("=x", connect()) == "=x")
        withExtendedLifetime(socket) {}
    }

    @Test func aLineWithoutEndIsCutOff() throws {
        let socket = try listen()
        let client = try connect()
        let line = String(repeating: "=", count: ControlSocket.maximumLineByteCount + 1)
        #expect(try ask(line, client)?.contains("too long") == true)
        #expect(try client.receive() == nil)
        let longest = String(line.dropLast())
        #expect(try ask(longest, connect()) == longest)
        withExtendedLifetime(socket) {}
    }

    @Test func clientsAreFew() throws {
        let socket = try listen()
        var clients: [ControlConnection] = []
        for _ in 0..<ControlSocket.maximumClientCount {
            clients.append(try connect())
            #expect(try ask("=x", #require(clients.last)) == "=x")
        }
        let next = try connect()
        let answer = try next.receive().map { String(decoding: $0, as: UTF8.self) }
        #expect(answer?.contains("too many clients") == true)
        #expect(try next.receive() == nil)
        clients.removeLast()
        // As soon as one has gone, there is room.
        var said: String?
        while said != "=y" {
            said = (try? ask("=y", connect())) ?? nil
        }
        #expect(try ask("=z", clients[0]) == "=z")
        withExtendedLifetime(socket) {}
    }

    /// A watcher that never reads does not grow for ever, and holds nobody up.
    @Test func whoDoesNotListenIsLeft() throws {
        let socket = try listen()
        let sleepy = try connect()
        #expect(try ask("watch", sleepy) == "watch")
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 60_000)
        let other = try connect()
        for _ in 0..<60 {
            mailbox.publish(line, isNews: true)
            #expect(try ask("=x", other) == "=x")
        }
        // It gets what was on its way, and then the end.
        var count = 0
        while try sleepy.receive() != nil { count += 1 }
        #expect(count < 60)
        withExtendedLifetime(socket) {}
    }

    @Test func takesThePlaceOfADeadSocket() throws {
        do {
            let dead = ChildProcess()
            dead.executableURL = URL(filePath: "/usr/bin/env")
            dead.arguments = [
                "python3", "-c",
                "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\(path)')",
            ]
            try dead.run()
            dead.waitUntilExit()
        }
        #expect(folder.has("control.sock"))
        #expect(try ControlConnection(to: path) == nil)
        let socket = try listen()
        #expect(try ask("=x", connect()) == "=x")
        withExtendedLifetime(socket) {}
    }

    @Test func leavesAFileThatIsNoSocketAlone() throws {
        try folder.write("precious", to: "control.sock")
        #expect(throws: SlotError.self) { try listen() }
        #expect(try folder.text(of: "control.sock") == "precious")
    }

    @Test func isGoneWhenItEnds() throws {
        do { _ = try listen() }
        #expect(!folder.has("control.sock"))
        #expect(try ControlConnection(to: path) == nil)
    }

    /// The address of a socket holds 107 bytes, a path holds more.
    @Test func listensBehindALongPath() throws {
        let long = "\(folder.path)/\(String(repeating: "d", count: 200))"
        try FileManager.default.createDirectory(
            atPath: long, withIntermediateDirectories: false)
        let socket = try ControlSocket(at: "\(long)/s", group: nil, mailbox: mailbox) { line, _ in
            .answer(line)
        }
        let client = try #require(try ControlConnection(to: "\(long)/s"))
        #expect(try ask("hello", client) == "hello")
        withExtendedLifetime(socket) {}
    }
}
