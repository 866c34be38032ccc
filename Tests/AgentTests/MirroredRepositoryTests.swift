import Agent
import Model
import Testing

/// A place that serves what it is told to, and remembers what it was asked.
private final class FakePlace: UpdateSource {
    enum Conduct {
        case serve([UInt8])
        /// Serves up to this place, then breaks off.
        case breakAt(Int, [UInt8])
        case end(ImageEnd)
        case fail(TransportError)
    }

    var conduct: Conduct
    private(set) var asked: [Int64] = []
    private(set) var names: [String] = []
    var files: [String: [UInt8]] = [:]

    init(_ conduct: Conduct) { self.conduct = conduct }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        names.append(name)
        if case .fail(let error) = conduct { throw error }
        return files[name]
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        asked.append(offset)
        let bytes: [UInt8]
        var isBroken = false
        switch conduct {
        case .serve(let all): bytes = all
        case .breakAt(let end, let all):
            bytes = Array(all[..<end])
            isBroken = true
        case .end(let end): return end
        case .fail(let error): throw error
        }
        for byte in bytes[min(Int(offset), bytes.count)...] {
            guard receive([byte]) else { return .stopped }
        }
        if isBroken { throw .unreachable("cut") }
        return .complete
    }
}

private final class FakeClock: AgentClock {
    var uptime = Duration.zero
    var now: Instant { Instant(secondsSinceEpoch: 0) }
}

@Suite struct MirroredRepositoryTests {
    private static let image: [UInt8] = Array(0..<10)
    private let clock = FakeClock()
    private let first = FakePlace(.serve(image))
    private let second = FakePlace(.serve(image))
    private let server = FakePlace(.serve(image))
    private let notes = Notes()
    private let repository: MirroredRepository

    private final class Notes { var all: [String] = [] }

    init() {
        let notes = notes
        repository = MirroredRepository(
            mirrors: [.init(name: "first", source: first), .init(name: "second", source: second)],
            server: .init(name: "server", source: server), clock: clock
        ) { notes.all.append($0) }
    }

    private func fetch(
        from offset: Int64 = 0, until stop: Int = .max
    ) throws -> (end: ImageEnd, bytes: [UInt8]) {
        var bytes: [UInt8] = []
        let end = try repository.image("a", from: offset, maximumBytes: 10 - offset) {
            bytes += $0
            return bytes.count < stop
        }
        return (end, bytes)
    }

    @Test func asksTheFirstMirrorOnly() throws {
        let (end, bytes) = try fetch(from: 3)
        #expect(end == .complete)
        #expect(bytes == Array(3..<10))
        #expect(first.asked == [3])
        #expect(second.asked.isEmpty && server.asked.isEmpty && notes.all.isEmpty)
    }

    @Test func goesOnElsewhereBehindWhatCame() throws {
        first.conduct = .breakAt(4, Self.image)
        second.conduct = .breakAt(7, Self.image)
        let (end, bytes) = try fetch()
        #expect(end == .complete)
        #expect(bytes == Self.image)
        #expect(first.asked == [0] && second.asked == [4] && server.asked == [7])
        #expect(notes.all.count == 2)
    }

    private static let failures: [FakePlace.Conduct] = [
        .fail(.unreachable("no route")), .fail(.refused(status: 404, "")), .fail(.tooLong),
        .fail(.refused(status: 403, "")), .fail(.foreign("a web page")),
        .fail(.busy(status: 503, retryAfterSeconds: 9)), .end(.absent), .end(.cannotResume),
        .end(.complete), .serve([]),
    ]

    @Test(arguments: failures.indices)
    func noMirrorsRefusalIsFinal(index: Int) throws {
        first.conduct = Self.failures[index]
        second.conduct = Self.failures[index]
        #expect(try fetch(from: 5).bytes == Array(5..<10))
        #expect(first.asked == [5] && second.asked == [5] && server.asked == [5])
    }

    @Test func theServersWordIsFinal() throws {
        first.conduct = .fail(.unreachable("no route"))
        second.conduct = .end(.cannotResume)
        server.conduct = .end(.absent)
        #expect(try fetch().end == .absent)
        server.conduct = .fail(.refused(status: 410, "gone"))
        #expect(throws: TransportError.refused(status: 410, "gone")) { try fetch() }
    }

    @Test func stopsWhenItIsToldTo() throws {
        let (end, bytes) = try fetch(until: 4)
        #expect(end == .stopped)
        #expect(bytes == [0, 1, 2, 3])
        #expect(second.asked.isEmpty && server.asked.isEmpty)
    }

    @Test func aMirrorThatFailedIsLeftAloneForLongerEachTime() throws {
        first.conduct = .fail(.refused(status: 500, ""))
        var pauses: [Int64] = []
        var since = clock.uptime
        _ = try fetch()
        while pauses.count < 9 {
            clock.uptime += .seconds(1)
            let count = first.asked.count
            _ = try fetch()
            guard first.asked.count > count else { continue }
            pauses.append((clock.uptime - since).components.seconds)
            since = clock.uptime
        }
        #expect(pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
    }

    @Test func aMirrorThatWorksAgainIsForgiven() throws {
        first.conduct = .fail(.refused(status: 500, ""))
        for _ in 0..<3 {
            clock.uptime += .seconds(3600)
            _ = try fetch()
        }
        clock.uptime += .seconds(3600)
        first.conduct = .serve(Self.image)
        _ = try fetch()
        first.conduct = .fail(.refused(status: 500, ""))
        _ = try fetch()
        let count = first.asked.count
        clock.uptime += .seconds(60)
        _ = try fetch()
        #expect(first.asked.count == count + 1)
    }

    /// When nobody can be reached, the mirrors are not to blame.
    @Test func aDeviceWithoutNetworkBlamesNoMirror() throws {
        for place in [first, second, server] { place.conduct = .fail(.unreachable("no route")) }
        #expect(throws: TransportError.unreachable("no route")) { try fetch() }
        first.conduct = .serve(Self.image)
        #expect(try fetch().end == .complete)
        #expect(first.asked == [0, 0])
        #expect(server.asked == [0])
    }

    // MARK: Wrong bytes

    @Test func whoGaveWrongBytesIsAvoided() throws {
        first.conduct = .breakAt(4, Self.image)
        _ = try fetch()
        #expect(repository.avoidSource(of: .image))
        clock.uptime += .seconds(21_599)
        _ = try fetch()
        #expect(first.asked == [0] && second.asked == [4])
        #expect(server.asked == [0])
        clock.uptime += .seconds(1)
        _ = try fetch()
        #expect(first.asked == [0, 0])
    }

    /// With nobody else to ask, the bytes are the server's own.
    @Test func theServerIsAccusedOnlyWhenItGaveAll() throws {
        _ = try fetch()
        #expect(repository.avoidSource(of: .image))
        _ = try fetch()
        #expect(repository.avoidSource(of: .image))
        _ = try fetch()
        #expect(server.asked == [0])
        #expect(!repository.avoidSource(of: .image))
    }

    @Test func whoGaveBytesIsRememberedAcrossTries() throws {
        first.conduct = .breakAt(4, Self.image)
        second.conduct = .fail(.unreachable("no route"))
        server.conduct = .fail(.refused(status: 500, ""))
        #expect(throws: TransportError.self) { try fetch() }
        server.conduct = .serve(Self.image)
        _ = try fetch(from: 4)
        #expect(server.asked == [4, 4])
        #expect(repository.avoidSource(of: .image))
        #expect(notes.all.last == "first: what it gave is not what is signed")
    }

    // MARK: Metadata

    @Test(arguments: ["2.snapshot.json", "17.targets.json", "1.a.root.json"])
    func filesWithAVersionMayComeFromAMirror(name: String) throws {
        first.files = [name: [1]]
        #expect(try repository.metadata(name, limitBytes: 9) == [1])
        #expect(server.names.isEmpty)
        #expect(repository.avoidSource(of: .metadata))
        server.files = [name: [2]]
        #expect(try repository.metadata(name, limitBytes: 9) == [2])
        #expect(first.names == [name] && second.names == [name])
        #expect(!repository.avoidSource(of: .metadata))
    }

    /// A mirror of yesterday would look like an attack, or hide a new root.
    @Test(arguments: [
        "timestamp.json", "3.root.json", "root.json", "snapshot.json", ".json", "a.b.json",
        "1.json",
    ])
    func whatMayBeOutOfDateComesFromTheServer(name: String) throws {
        for place in [first, second, server] { place.files = [name: [1]] }
        #expect(try repository.metadata(name, limitBytes: 9) == [1])
        #expect(first.names.isEmpty && second.names.isEmpty)
        #expect(server.names == [name])
        #expect(!repository.avoidSource(of: .metadata))
    }

    @Test func metadataThatNoMirrorHasComesFromTheServer() throws {
        first.conduct = .fail(.refused(status: 500, ""))
        server.files = ["2.snapshot.json": [1]]
        #expect(try repository.metadata("2.snapshot.json", limitBytes: 9) == [1])
        #expect(try repository.metadata("3.snapshot.json", limitBytes: 9) == nil)
        server.conduct = .fail(.unreachable("no route"))
        #expect(throws: TransportError.unreachable("no route")) {
            try repository.metadata("4.snapshot.json", limitBytes: 9)
        }
    }
}
