import Agent
import Foundation
import Slots
import Testing

@Suite struct ControlPipeTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/control" }

    init() throws { folder = try TemporaryFolder() }

    @Test(.timeLimit(.minutes(1))) func aWakeBeforeTheWaitIsNotLost() throws {
        let pipe = try ControlPipe(listeningAt: path)
        #expect(try ControlPipe.wake(path))
        #expect(try ControlPipe.wake(path))
        pipe.wait(atMost: .seconds(1_000_000))
    }

    @Test(.timeLimit(.minutes(1))) func aWakeEndsTheWait() throws {
        let pipe = try ControlPipe(listeningAt: path)
        let path = path
        let waker = Thread { _ = try? ControlPipe.wake(path) }
        waker.start()
        pipe.wait(atMost: .seconds(1_000_000))
    }

    /// All wakes until a wait are one: the next wait lasts its time.
    @Test(.timeLimit(.minutes(1))) func aWaitTakesAllWakes() throws {
        let pipe = try ControlPipe(listeningAt: path)
        for _ in 0..<200 { _ = try ControlPipe.wake(path) }
        pipe.wait(atMost: .seconds(1_000_000))
        let clock = SystemClock.ofThisProcess
        pipe.wait(atMost: .milliseconds(50))
        #expect(clock.uptime >= .milliseconds(50))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [Duration.zero, .milliseconds(-500), .seconds(-5)])
    func noTimeIsNoWait(duration: Duration) throws {
        try ControlPipe(listeningAt: path).wait(atMost: duration)
    }

    @Test func saysThatNobodyListens() throws {
        #expect(try !ControlPipe.wake(path))
        do { _ = try ControlPipe(listeningAt: path) }
        #expect(folder.has("control"))
        #expect(try !ControlPipe.wake(path))
    }

    @Test func listensAgainAtTheSamePlace() throws {
        do { _ = try ControlPipe(listeningAt: path) }
        let pipe = try ControlPipe(listeningAt: path)
        #expect(try ControlPipe.wake(path))
        withExtendedLifetime(pipe) {}
    }

    @Test func isForItsOwnerOnly() throws {
        let pipe = try ControlPipe(listeningAt: path)
        #expect(try folder.permissions(of: "control") == 0o600)
        withExtendedLifetime(pipe) {}
    }
}
