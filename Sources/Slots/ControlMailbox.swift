internal import Synchronization

/// What the agent's thread and the thread of the control socket leave for each other.
///
/// Neither waits for the other: the agent takes commands between its steps, and whoever asks how it
/// is gets what it last published.
public final class ControlMailbox: Sendable {
    /// One line that a client sent, for the agent's own thread.
    public struct Command: Hashable, Sendable {
        public let id: Int
        public let line: [UInt8]
    }

    private struct Contents {
        var status: [UInt8] = []
        var commands: [Command] = []
        var isWanted = false
        var isClosed = false
        var lastID = 0
        // For the thread of the socket.
        var answers: [Int: [UInt8]] = [:]
        var news: [[UInt8]] = []
    }

    /// The most lines of news that wait for the socket's thread.
    private static let maximumNewsCount = 64

    private let contents = Mutex(Contents())
    private let agentBell = Bell()
    let serverBell = Bell()

    public init() {}

    // MARK: For the agent's thread

    /// From now on SIGTERM and SIGINT end a pause, and the agent is called; see ``StopSignal``.
    public func catchStopSignals() { StopSignal.catchAll(ringing: agentBell) }

    /// What clients are told from now on, one line without its end.
    ///
    /// - Parameter isNews: Whether those who watch are told at once.
    public func publish(_ status: [UInt8], isNews: Bool) {
        contents.withLock { contents in
            contents.status = status
            guard isNews else { return }
            contents.news = (contents.news + [status]).suffix(Self.maximumNewsCount)
        }
        if isNews { serverBell.ring() }
    }

    public func nextCommand() -> Command? {
        contents.withLock { $0.commands.isEmpty ? nil : $0.commands.removeFirst() }
    }

    /// Sends `line` to whoever sent the command, if they still listen.
    public func answer(_ command: Command, with line: [UInt8]) {
        contents.withLock { $0.answers[command.id] = line }
        serverBell.ring()
    }

    /// Whether somebody waits for the agent's thread.
    public var isCalled: Bool {
        StopSignal.isRequested || contents.withLock { !$0.commands.isEmpty }
    }

    /// Blocks until a command comes, somebody wants a check-in, a signal asks for the end, or
    /// `duration` has passed.
    public func wait(atMost duration: Duration) { agentBell.wait(atMost: duration) }

    /// Whether somebody wanted a check-in since this was last asked.
    public func takeWish() -> Bool {
        contents.withLock { contents in
            defer { contents.isWanted = false }
            return contents.isWanted
        }
    }

    // MARK: For the socket's thread

    public var status: [UInt8] { contents.withLock { $0.status } }

    /// Ends the agent's pause, now or the next one.
    public func wish() {
        contents.withLock { $0.isWanted = true }
        agentBell.ring()
    }

    /// Leaves a command for the agent's thread; whoever leaves it sees to it that there are few.
    func forward(_ line: [UInt8]) -> Int {
        let id = contents.withLock { contents in
            contents.lastID += 1
            contents.commands.append(Command(id: contents.lastID, line: line))
            return contents.lastID
        }
        agentBell.ring()
        return id
    }

    /// Takes a command back whose sender has gone, unless it is being carried out.
    func withdraw(_ id: Int) {
        contents.withLock { contents in
            contents.commands.removeAll { $0.id == id }
            contents.answers[id] = nil
        }
    }

    /// Everything that has happened since this was last asked.
    func collect() -> (answers: [Int: [UInt8]], news: [[UInt8]], isClosed: Bool) {
        serverBell.hear()
        return contents.withLock { contents in
            defer {
                contents.answers = [:]
                contents.news = []
            }
            return (contents.answers, contents.news, contents.isClosed)
        }
    }

    /// Ends the thread of the socket.
    func close() {
        contents.withLock { $0.isClosed = true }
        serverBell.ring()
    }
}
