internal import Glibc

/// Serves the control socket on a thread of its own, until the mailbox is closed.
struct ControlServer {
    private let listener: ControlListener
    private let mailbox: ControlMailbox
    private let answering: @Sendable ([UInt8], ControlPeer) -> ControlReply
    private var clients: [ControlClient] = []
    private let clock = SystemClock()

    private static let busy = Array(#"{"error":"too many clients","ok":false}"#.utf8)
    private static let tooLong = Array(#"{"error":"the line is too long","ok":false}"#.utf8)

    init(
        _ listener: ControlListener, mailbox: ControlMailbox,
        answering: @escaping @Sendable ([UInt8], ControlPeer) -> ControlReply
    ) {
        self.listener = listener
        self.mailbox = mailbox
        self.answering = answering
    }

    mutating func run() {
        while true {
            var waiting = [
                pollfd(fd: mailbox.serverBell.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            waiting += clients.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
            _ = unsafe poll(&waiting, nfds_t(waiting.count), timeout)
            let told = mailbox.collect()
            guard !told.isClosed else { return }
            serveClients(waiting.dropFirst(2).map(\.revents))
            pass(told.answers, told.news)
            clients = clients.filter { !isOver($0) }
            if waiting[1].revents != 0 { greet() }
        }
    }

    /// Until the next client is sent away for doing nothing; for ever while there is none.
    private var timeout: Int32 {
        guard let next = clients.compactMap(\.deadline).min() else { return -1 }
        return Pause.milliseconds(of: next - clock.uptime)
    }

    private mutating func greet() {
        while let (descriptor, peer) = listener.accept() {
            let client = ControlClient(descriptor, peer, now: clock.uptime)
            guard clients.count < ControlSocket.maximumClientCount else {
                client.send(Self.busy, thenLeave: true, now: clock.uptime)
                continue
            }
            clients.append(client)
        }
    }

    private mutating func serveClients(_ events: [Int16]) {
        let now = clock.uptime
        var gone: [ControlClient] = []
        for (client, events) in zip(clients, events) where events != 0 {
            var isThere = events & Int16(POLLERR | POLLNVAL) == 0
            if isThere, events & Int16(POLLIN) != 0 {
                isThere = client.receive(now: now)
                answerLines(of: client)
            } else if events & Int16(POLLHUP) != 0 {
                isThere = false
            }
            if isThere, events & Int16(POLLOUT) != 0 { isThere = client.flush(now: now) }
            if !isThere { gone.append(client) }
        }
        for client in gone { remove(client) }
    }

    private mutating func remove(_ client: ControlClient) {
        if let id = client.awaited { mailbox.withdraw(id) }
        clients.removeAll { $0 === client }
    }

    private func answerLines(of client: ControlClient) {
        let now = clock.uptime
        while let line = client.nextLine() {
            guard line.count <= ControlSocket.maximumLineByteCount else {
                return client.send(Self.tooLong, thenLeave: true, now: now)
            }
            switch answering(line, client.peer) {
            case .answer(let answer): client.send(answer, now: now)
            case .refuse(let answer): client.send(answer, thenLeave: true, now: now)
            case .forward: client.awaited = mailbox.forward(line)
            case .watch(let answer):
                client.send(answer, now: now)
                client.isWatching = true
            }
        }
        if client.isTooLong { client.send(Self.tooLong, thenLeave: true, now: now) }
    }

    private func pass(_ answers: [Int: [UInt8]], _ news: [[UInt8]]) {
        let now = clock.uptime
        for client in clients {
            if let id = client.awaited, let answer = answers[id] {
                client.awaited = nil
                client.send(answer, now: now)
                answerLines(of: client)
            }
            guard client.isWatching else { continue }
            for line in news { client.send(line, now: now) }
        }
    }

    private func isOver(_ client: ControlClient) -> Bool {
        client.isDone || client.deadline.map { $0 <= clock.uptime } ?? false
    }
}
