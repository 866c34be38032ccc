import Curl
import Foundation
import Glibc
import OpenSSL
import TestSupport
import Testing

/// Clients that are slow, greedy or mad; each test has one, and a client that is none beside it.
@Suite struct HostileClientTests {
    private static let checkIn = "/device/v1/check-in"

    private func server(_ flags: String...) throws -> ServerProcess {
        try ServerProcess(folder: ServerProcess.preparedFolder(), flags)
    }

    private func status(_ answer: String) -> Int? {
        answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    /// Sends until the server answers or is gone, a little at a time and for a minute at most.
    private func drip(_ text: String, into client: RawClient) -> (text: String, wasCut: Bool) {
        for _ in 0..<3000
        where client.hasSomething(withinMilliseconds: 20) || !client.send(text) {
            return (client.rest().text, true)
        }
        return ("", false)
    }

    // MARK: Connections

    @Test func aThousandHalfOpenConnectionsKeepNobodyOut() throws {
        // One process has both ends of nothing, but its own thousand.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 8192)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let server = try server("--head-seconds", "600")
        let key = try Ed25519PrivateKey.generate()
        var clients: [RawClient] = []
        for number in 0..<1000 {
            let client = try RawClient(server.url)
            if number % 2 == 0 { client.send("GET /healthz HTTP/1.1\r\nX-Slow: ") }
            clients.append(client)
        }
        let answer = try server.send(.post, Self.checkIn, server.checkIn(key: key))
        #expect(answer.status == 200)
        #expect(!(try #require(clients.first).hasSomething(withinMilliseconds: 0)))
    }

    @Test func aFullHouseMakesRoomForWhoAsks() throws {
        let server = try server("--connections", "16", "--head-seconds", "600")
        let longest = try RawClient(server.url)
        longest.send("GET /healthz HTTP/1.1\r\n")
        let others = try (0..<40).map { _ in try RawClient(server.url) }
        let answer = try server.send(
            .post, Self.checkIn, server.checkIn(key: .generate()))
        #expect(answer.status == 200)
        #expect(longest.rest().end != .nothing)
        #expect(others.count == 40)
    }

    @Test func oneAddressCannotTakeTheHouse() throws {
        let server = try server("--connections-per-address", "4", "--head-seconds", "600")
        let neighbour = try RawClient(server.url, from: "127.0.0.2")
        let longest = try RawClient(server.url)
        let others = try (0..<4).map { _ in try RawClient(server.url) }
        #expect(longest.rest().end != .nothing)
        neighbour.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(status(neighbour.rest().text) == 200)
        #expect(others.count == 4)
    }

    @Test func whenAllAreBusyTheServerSaysWhenToComeBack() throws {
        let server = try server("--connections", "16")
        let question = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        let begun = "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        let busy = try (0..<16).map { _ in
            let client = try RawClient(server.url)
            // The answer to the first says that the second was seen: they come together.
            client.send(question + begun)
            #expect(client.receive(until: "ok\"}").contains("200 OK"))
            return client
        }
        let late = try RawClient(server.url)
        late.send(question)
        let (text, end) = late.rest()
        #expect(text.hasPrefix("HTTP/1.1 503 "), "\(text)")
        #expect(text.contains("Retry-After: 5\r\n"))
        #expect(end == .closed)
        // Those inside are served to their end.
        try #require(busy.first).send("123456789")
        #expect(try #require(busy.first).receive(until: "}").contains("400 Bad Request"))
    }

    @Test func whoBreaksOffAtOnceDoesNoHarm() throws {
        let server = try server()
        for _ in 0..<300 { try RawClient(server.url).breakOff() }
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func fileDescriptorsDoNotRunOut() throws {
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), ["--head-seconds", "600"],
            descriptorLimit: 160)
        let clients = try (0..<200).map { _ in
            let client = try RawClient(server.url)
            client.send("GET /healthz HTTP/1.1\r\n")
            return client
        }
        #expect(
            try server.send(.post, Self.checkIn, server.checkIn(key: .generate())).status == 200)
        #expect(clients.count == 200)
    }

    @Test func aConnectionThatAsksNothingMoreIsClosed() throws {
        let server = try server("--idle-seconds", "1")
        let client = try RawClient(server.url)
        client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        let (text, end) = client.rest()
        #expect(status(text) == 200)
        #expect(end == .closed)
    }

    // MARK: Slow clients

    @Test func aHeadThatDripsIsCut() throws {
        let server = try server("--head-seconds", "1", "--idle-seconds", "600")
        let silent = try RawClient(server.url)
        let dripping = try RawClient(server.url)
        dripping.send("GET /healthz HTTP/1.1\r\nX: ")
        #expect(drip("x", into: dripping) == ("", true))
        #expect(silent.rest().text == "")
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func aBodyThatDripsIsCut() throws {
        let server = try server("--body-seconds", "1")
        let client = try RawClient(server.url)
        client.send("POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{")
        let (said, _) = drip("x", into: client)
        #expect(status(said) == 408, "\(said)")
        #expect(said.lowercased().contains("retry-after: 1\r\n"), "\(said)")
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func aClientThatReadsNothingIsCut() throws {
        let server = try server("--stalled-reader-seconds", "1")
        let path = try server.publish(String(repeating: "image ", count: 4_000_000))
        let client = try RawClient(server.url, receiveBufferBytes: 4096)
        let image = server.folder.appending(path: "acme\(path)").path
        let watch = inotify_init1(0)
        defer { close(watch) }
        #expect(inotify_add_watch(watch, image, UInt32(IN_CLOSE_NOWRITE)) > 0)
        client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        // The server lets go of the file while the client still has not read a byte.
        var question = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
        #expect(poll(&question, 1, 60_000) == 1)
        let (text, end) = client.rest()
        #expect(text.hasPrefix("HTTP/1.1 200 "))
        #expect(end == .reset)
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    // MARK: Too much

    @Test(arguments: [
        "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n",
        "GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n",
        "GET / HTTP/1.1\r\n"
            + String(repeating: "X: \(String(repeating: "y", count: 400))\r\n", count: 60),
    ])
    func aHeadThatIsTooLongIsRefused(head: String) throws {
        let server = try server()
        let client = try RawClient(server.url)
        client.send(head)
        let (text, end) = client.rest()
        #expect(status(text) == 431, "\(text)")
        #expect(end == .closed)
    }

    /// Not a byte of it is waited for.
    @Test func aBodyThatIsAnnouncedAsTooLongIsRefusedAtOnce() throws {
        let server = try server("--body-seconds", "600", "--answer-seconds", "600")
        let client = try RawClient(server.url)
        client.send(
            "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
        let (text, end) = client.rest()
        #expect(status(text) == 413, "\(text)")
        #expect(text.lowercased().contains("connection: close"))
        #expect(end == .closed)
    }

    @Test func aBodyWithoutEndIsCut() throws {
        let server = try server("--body-seconds", "600")
        let client = try RawClient(server.url)
        client.send(
            "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n\(String(repeating: "x", count: 0x4000))\r\n"
        var sent = 0
        while client.send(chunk) { sent += 1 }
        // What the kernel holds between us, and no more.
        #expect(sent < 10_000)
        #expect(try server.send(.get, "/healthz").status == 200)
        #expect(
            try server.send(.post, Self.checkIn, server.checkIn(key: .generate())).status == 200)
    }

    // MARK: Garbage

    /// The statuses of connections that send garbage, up to the first of 429.
    private func statuses(_ server: ServerProcess, _ garbage: String) throws -> [Int?] {
        var statuses: [Int?] = []
        while statuses.count < 1000, statuses.last != 429 {
            let client = try RawClient(server.url)
            client.send(garbage)
            let (text, _) = client.rest()
            statuses.append(status(text))
            guard statuses.last == 429 else { continue }
            #expect(text.lowercased().contains("retry-after: "), "\(text)")
        }
        return statuses
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{0}\u{ff}garbage\r\n\r\n",
        "POST /device/v1/check-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{]",
        "GET /api/v1/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer guess\r\n\r\n",
    ])
    func whoSendsGarbageForEverHasToWaitAndOthersNot(garbage: String) throws {
        let server = try server("--address-failures-per-minute", "10")
        let key = try Ed25519PrivateKey.generate()
        #expect(try server.send(.post, Self.checkIn, server.checkIn(key: key)).status == 200)
        #expect(try server.asOperator(.get, "devices").status == 200)

        let statuses = try statuses(server, garbage)

        #expect(statuses.count > 10 && statuses.last == 429)
        #expect(statuses.dropLast().allSatisfy { $0 == 400 || $0 == 401 }, "\(statuses)")
        // At the very same address, whoever is known is heard.
        #expect(
            try server.send(.post, Self.checkIn, server.checkIn(sequence: 2, key: key)).status
                == 200)
        #expect(try server.asOperator(.get, "devices").status == 200)
        let other = try RawClient(server.url, from: "127.0.0.2")
        other.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(status(other.rest().text) == 200)
    }

    @Test func aStreamOfGarbageIsAnsweredOnceAndCut() throws {
        let server = try server()
        let client = try RawClient(server.url)
        let garbage = [UInt8](repeating: 0xff, count: 65_536)
        var sent = 0
        while client.send(garbage) { sent += 1 }
        #expect(sent < 10_000)
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func aDeviceThatCannotStopHasToWait() throws {
        let server = try server("--device-check-ins-per-minute", "2")
        let key = try Ed25519PrivateKey.generate()
        for sequence in 1...2 as ClosedRange<Int64> {
            let message = try server.checkIn(sequence: sequence, key: key)
            #expect(try server.send(.post, Self.checkIn, message).status == 200)
        }
        let third = try server.checkIn(sequence: 3, key: key)
        let answer = try server.send(.post, Self.checkIn, third)
        #expect(answer.status == 429)
        let wait = try #require(answer.retryAfterSeconds)
        #expect((1...30).contains(wait))
    }

    @Test func aStrangerInADevicesNameHasToWaitAndTheDeviceNot() throws {
        let server = try server("--device-failures-per-minute", "3")
        let key = try Ed25519PrivateKey.generate()
        #expect(try server.send(.post, Self.checkIn, server.checkIn(key: key)).status == 200)
        let forged = try server.checkIn(sequence: 2, key: .generate())
        var statuses: [Int] = []
        for _ in 0..<5 { statuses.append(try post(forged, to: server, from: "127.0.0.9")) }
        #expect(statuses == [401, 401, 401, 429, 429])
        #expect(
            try server.send(.post, Self.checkIn, server.checkIn(sequence: 2, key: key)).status
                == 200)
    }

    private func post(
        _ message: [UInt8], to server: ServerProcess, from address: String
    ) throws -> Int {
        let client = try RawClient(server.url, from: address)
        client.send(
            "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Length: \(message.count)\r\n\r\n")
        client.send(message)
        return try #require(status(client.rest().text))
    }

    // MARK: Proxies

    private func guess(
        _ server: ServerProcess, from address: String, _ header: String
    ) throws -> Int {
        let client = try RawClient(server.url, from: address)
        client.send(
            "GET /api/v1/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(header)\r\n\r\n")
        return try #require(status(client.rest().text))
    }

    @Test func aHeaderThatIsMadeUpHelpsNobody() throws {
        let server = try server(
            "--trusted-proxies", "127.0.0.2", "--address-failures-per-minute", "3")
        // A client that is no proxy is itself, whatever it writes.
        let spoofed = try (0..<4).map {
            try guess(server, from: "127.0.0.1", "X-Forwarded-For: 203.0.113.\($0)")
        }
        #expect(spoofed == [401, 401, 401, 429])
        // Behind the proxy only what the proxy appended counts.
        let behind = try (0..<4).map {
            try guess(
                server, from: "127.0.0.2", "X-Forwarded-For: 10.0.0.\($0), 198.51.100.7")
        }
        #expect(behind == [401, 401, 401, 429])
        #expect(
            try guess(server, from: "127.0.0.2", "X-Forwarded-For: 198.51.100.8") == 401)
        // A header that this proxy does not write is one that a client made up.
        #expect(
            try guess(
                server, from: "127.0.0.2",
                "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 198.51.100.7") == 429)
    }

    // MARK: The end

    @Test func stopsInBoundedTimeWhateverIsStillAsked() throws {
        let server = try server("--shutdown-seconds", "1", "--body-seconds", "600")
        let client = try RawClient(server.url)
        client.send(
            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                + "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        #expect(client.receive(until: "ok\"}").contains("200 OK"))
        #expect(server.stop() == 0)
        #expect(client.rest().end != .nothing)
    }

    @Test func finishesWhatIsAskedBeforeItStops() throws {
        let server = try server("--shutdown-seconds", "600")
        let client = try RawClient(server.url)
        let idle = try RawClient(server.url)
        client.send(
            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                + "POST \(Self.checkIn) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        #expect(client.receive(until: "ok\"}").contains("200 OK"))
        server.terminate()
        // That the idle one is closed says that the server has begun to stop.
        #expect(idle.rest().end != .nothing)
        client.send("{]")
        #expect(client.rest().text.contains("400 Bad Request"))
        #expect(server.stop() == 0)
    }
}
