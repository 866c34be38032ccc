import Foundation
import Slots
import Synchronization
import Testing

/// With a file in the place of the device, which then holds what was written to it.
@Suite struct WatchdogTests {
    private let folder: TemporaryFolder
    private let notes = Notes()
    private var device: String { "\(folder.path)/watchdog0" }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "watchdog0")
    }

    /// What was noted, and a wait for it.
    private final class Notes: Sendable {
        private let all = Mutex<[String]>([])
        private let isNew = DispatchSemaphore(value: 0)

        func add(_ note: String) {
            all.withLock { $0.append(note) }
            isNew.signal()
        }

        func wait(for text: String) {
            while !(all.withLock { $0.contains { $0.contains(text) } }) { isNew.wait() }
        }

        var texts: [String] { all.withLock { $0 } }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        /// 0, then 1, and so on.
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0 - 1
            }
        }
    }

    private func watchdog(
        _ device: String? = nil, interval: Duration = .milliseconds(1),
        uptime: @escaping @Sendable () -> Duration
    ) -> Watchdog {
        let notes = notes
        return Watchdog(
            device: device ?? self.device, timeout: .seconds(30), interval: interval,
            classFolder: folder.path, uptime: uptime, note: { notes.add($0) })
    }

    private static let isOver = "the trial's time is over: the watchdog is not kept alive any more"

    @Test(.timeLimit(.minutes(1))) func isKeptAliveUntilTheDeadlineAndNoLonger() throws {
        // Each look at the clock finds it ten seconds later: at 0, 10, 20, 30, 40, 50 and 60.
        let looks = Counter()
        let watchdog = watchdog { .seconds(10 * looks.next()) }
        watchdog.begin(deadline: .seconds(60))
        notes.wait(for: Self.isOver)
        #expect(try folder.text(of: "watchdog0") == "kkkkkk")
        // What is disarmed late is disarmed.
        watchdog.end()
        #expect(try folder.text(of: "watchdog0") == "kkkkkkV")
    }

    /// A file takes no timeout, and a device that does not must not be taken for one that did.
    @Test func saysWhichTimeoutHolds() throws {
        let watchdog = watchdog { .zero }
        watchdog.begin(deadline: .seconds(60))
        watchdog.end()
        #expect(
            notes.texts == ["\(device) does not take 30 s as its timeout; it is unknown"])
    }

    @Test(.timeLimit(.minutes(1))) func isDisarmedByTheMagicClose() throws {
        let fifo = "\(folder.path)/fifo"
        #expect(try run("/usr/bin/env", "mkfifo", fifo).status == 0)
        let reader = try #require(FileHandle(forUpdatingAtPath: fifo))
        let watchdog = watchdog(fifo) { .zero }
        watchdog.begin(deadline: .seconds(60))
        // It is alive at once, and again.
        for _ in 0..<3 { #expect(try reader.read(upToCount: 1) == Data("k".utf8)) }
        watchdog.end()
        // Nothing comes behind it, and whoever begins again arms it again.
        watchdog.end()
        try reader.write(contentsOf: Data(".".utf8))
        var bytes = ""
        while !bytes.hasSuffix("."), let byte = try reader.read(upToCount: 1) {
            bytes += String(decoding: byte, as: UTF8.self)
        }
        #expect(bytes.drop { $0 == "k" } == "V.")
        watchdog.begin(deadline: .seconds(60))
        #expect(try reader.read(upToCount: 1) == Data("k".utf8))
        watchdog.end()
    }

    @Test func beginningTwiceIsBeginningOnce() throws {
        let watchdog = watchdog(interval: .seconds(3600)) { .zero }
        watchdog.begin(deadline: .seconds(60))
        watchdog.begin(deadline: .seconds(60))
        watchdog.end()
        watchdog.end()
        #expect(try folder.text(of: "watchdog0") == "kV")
    }

    @Test func aMachineWithoutOneIsToldSo() {
        let watchdog = watchdog("/nowhere/watchdog0") { .zero }
        watchdog.begin(deadline: .seconds(60))
        watchdog.end()
        #expect(
            notes.texts == ["no watchdog guards this trial: /nowhere/watchdog0 does not exist"])
    }

    @Test func oneThatCannotBeStoppedIsLeftAlone() throws {
        let device = "\(folder.path)/dev-watchdog0"
        try folder.write("", to: "dev-watchdog0")
        let notes = notes
        let classFolder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: "\(classFolder.path)/dev-watchdog0", withIntermediateDirectories: false)
        try classFolder.write("1\n", to: "dev-watchdog0/nowayout")
        let watchdog = Watchdog(
            device: device, timeout: .seconds(30), classFolder: classFolder.path,
            uptime: { .zero }, note: { notes.add($0) })
        watchdog.begin(deadline: .seconds(60))
        watchdog.end()
        #expect(try folder.text(of: "dev-watchdog0") == "")
        #expect(notes.texts.count == 1)
        #expect(notes.texts.first?.contains("nowayout") == true)
    }

    @Test(.timeLimit(.minutes(1))) func oneThatTakesNoSignOfLifeIsTold() {
        let watchdog = watchdog("/dev/full") { .zero }
        watchdog.begin(deadline: .seconds(60))
        notes.wait(for: "the watchdog cannot be kept alive: the machine will be reset")
        watchdog.end()
    }
}
