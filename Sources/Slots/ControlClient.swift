internal import Glibc

/// One program that speaks with the agent; closed when its life ends.
final class ControlClient {
    /// Never negative; closed in `deinit` and nowhere else.
    let descriptor: Int32
    let peer: ControlPeer
    /// The command that the agent's thread is to answer; no other line is read before.
    var awaited: Int?
    var isWatching = false
    /// Whether it is sent away once it has what is written to it.
    private(set) var isLeaving = false
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var progressAt: Duration

    /// How long a client may be silent, or not take what it asked for.
    static let patience = Duration.seconds(30)
    /// The most that waits for a slow client, in bytes.
    private static let maximumOutputByteCount = 1_048_576

    init(_ descriptor: Int32, _ peer: ControlPeer, now: Duration) {
        self.descriptor = descriptor
        self.peer = peer
        progressAt = now
    }

    deinit { close(descriptor) }

    /// What poll(2) is to look for.
    var events: Int16 {
        let reads = awaited == nil && !isLeaving ? POLLIN : 0
        return Int16(reads | (output.isEmpty ? 0 : POLLOUT))
    }

    /// When it is sent away for doing nothing; `nil` while it is right to wait.
    var deadline: Duration? {
        guard output.isEmpty, awaited != nil || isWatching else {
            return progressAt + Self.patience
        }
        return nil
    }

    var isDone: Bool { isLeaving && output.isEmpty && !isWatching }

    /// Takes what it has sent.
    ///
    /// - Returns: Whether it still is there.
    func receive(now: Duration) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        // It has nothing more to say, and may still listen to the answers.
        if count == 0 { return finish() }
        progressAt = now
        input += buffer[..<count]
        return true
    }

    private func finish() -> Bool {
        isLeaving = true
        return !output.isEmpty || isWatching
    }

    /// The next line without its end, while none is being answered; `nil` when there is none yet.
    func nextLine() -> [UInt8]? {
        guard awaited == nil, !isLeaving, let end = input.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        defer { input.removeFirst(end + 1) }
        return Array(input[..<end])
    }

    /// Whether it has sent more than a line can be.
    var isTooLong: Bool {
        input.count > ControlSocket.maximumLineByteCount
            && !input.prefix(ControlSocket.maximumLineByteCount + 1).contains(UInt8(ascii: "\n"))
    }

    /// Sends a line, now or as soon as the client takes it.
    func send(_ line: [UInt8], thenLeave isLast: Bool = false, now: Duration) {
        if output.isEmpty { progressAt = now }
        output += line + [UInt8(ascii: "\n")]
        if isLast { leave() }
        // What it does not take will not be taken: it goes without an answer.
        if output.count > Self.maximumOutputByteCount {
            output = []
            leave()
        }
        _ = flush(now: now)
    }

    private func leave() {
        isLeaving = true
        isWatching = false
    }

    /// - Returns: Whether it still is there.
    func flush(now: Duration) -> Bool {
        while !output.isEmpty {
            let count = unsafe output.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            output.removeFirst(count)
            progressAt = now
        }
        return true
    }
}
