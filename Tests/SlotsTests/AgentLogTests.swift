import Slots
import Testing

@Suite struct AgentLogTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/log" }

    init() throws { folder = try TemporaryFolder() }

    @Test func keepsTheLastLines() {
        let ring = LogRing()
        for number in 0..<10_000 { ring.append("line \(number)") }
        let last = ring.last(100_000)
        #expect(last.last == "line 9999")
        #expect(last.reduce(0) { $0 + $1.utf8.count + 1 } <= LogRing.maximumByteCount)
        #expect(last.count > 5000)
        #expect(ring.last(2) == ["line 9998", "line 9999"])
        #expect(ring.last(0) == [])
        #expect(ring.last(-1) == [])
    }

    @Test func survivesARestart() {
        AgentLog(path).append("one")
        let log = AgentLog(path)
        log.append("two")
        #expect(log.ring.last(10) == ["one", "two"])
        #expect(AgentLog.tail(of: path) == ["one", "two"])
    }

    @Test func makesRoom() throws {
        let log = AgentLog(path)
        let line = String(repeating: "x", count: 1000)
        for _ in 0..<1000 { log.append(line) }
        let names = try folder.names
        #expect(names == ["log", "log.1"])
        for name in names {
            let count = try folder.text(of: name).utf8.count
            #expect(Int64(count) < AgentLog.maximumFileByteCount + 1024)
        }
    }

    @Test func cutsALineThatIsTooLong() {
        let log = AgentLog(path)
        log.append(String(repeating: "x", count: 1_000_000))
        #expect(log.ring.last(1).first?.count == 1024)
    }

    @Test func neverFails() throws {
        let log = AgentLog("\(folder.path)/missing/log")
        log.append("one")
        #expect(log.ring.last(1) == ["one"])
        try SmallDisk.use { disk in
            let log = AgentLog("\(disk)/log")
            let line = String(repeating: "x", count: 1000)
            for _ in 0..<200 { log.append(line) }
            #expect(log.ring.last(1) == [line])
        }
    }
}
