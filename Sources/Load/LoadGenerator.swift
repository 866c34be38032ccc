internal import Glibc

/// Asks a server on this machine over many connections that stay open, from one thread.
///
/// It is light, so that it can stand on the same processors as the server.
public final class LoadGenerator {
    private let poller: Poller
    private var connections: [Connection] = []
    private var free: [Int] = []
    private var buffer = [UInt8](repeating: 0, count: 262_144)

    /// How long a server may send nothing at all while it owes answers.
    private static let patienceSeconds = 60

    private struct Connection {
        let socket: LoadSocket
        /// When the request was due, in nanoseconds; an answer is late from then on.
        var due: Int64 = 0
        var answer = AnswerReader()
    }

    /// When requests are sent.
    public enum Pace {
        /// The next one as soon as one is answered: finds how much the server can do.
        case closed
        /// After pauses that do not depend on the server, in nanoseconds: finds how long people wait.
        case open(nextPause: () -> Int64)
    }

    /// What came of it.
    public struct Outcome {
        /// Answers with a status below 300.
        public var answered = 0
        public var refused = 0
        /// Of the bodies.
        public var bytes = 0
        public var seconds = 0.0
        /// From when each request was due to its answer's last byte, in nanoseconds.
        public var latencies: [Int64] = []

        /// The shortest latency that so many hundredths of the requests did not exceed, in ms.
        public func milliseconds(percentile: Double) -> Double {
            let sorted = latencies.sorted()
            guard let last = sorted.indices.last else { return 0 }
            return Double(sorted[Int(Double(last) * percentile / 100)]) / 1e6
        }
    }

    public init(port: Int, connections count: Int) throws(LoadError) {
        poller = try Poller()
        for number in 0..<count {
            let socket = try LoadSocket(port: port)
            try poller.add(socket, number: number)
            connections.append(Connection(socket: socket))
            free.append(number)
        }
    }

    /// Sends requests for so long, or until there are none, and waits for their answers.
    ///
    /// - Throws: ``LoadError``; ``LoadError/silent(seconds:)`` when nothing comes any more.
    public func run(
        _ pace: Pace, seconds: Double, next: () -> [UInt8]?
    ) throws(LoadError) -> Outcome {
        var outcome = Outcome()
        let begin = Self.now
        let end = begin + Int64(seconds * 1e9)
        var due = begin
        var heard = begin
        var isOver = false
        while true {
            while !isOver, let number = free.last {
                let now = Self.now
                if case .closed = pace { due = now }
                guard due < end, let request = due <= now ? next() : [] else {
                    isOver = true
                    break
                }
                guard due <= now else { break }
                free.removeLast()
                try send(request, over: number, due: due)
                if case .open(let nextPause) = pace { due += nextPause() }
            }
            if isOver, free.count == connections.count { break }
            let limit = heard + Int64(Self.patienceSeconds) * 1_000_000_000 - Self.now
            let isIdle = free.count == connections.count
            guard limit > 0 || isIdle else {
                throw .silent(seconds: Self.patienceSeconds)
            }
            let pause = isOver || free.isEmpty ? limit : max(0, due - Self.now)
            let ready = try poller.wait(nanoseconds: pause)
            if !ready.isEmpty || isIdle { heard = Self.now }
            for number in ready { try receive(over: number, &outcome) }
        }
        outcome.seconds = Double(Self.now - begin) / 1e9
        return outcome
    }

    private func send(_ request: [UInt8], over number: Int, due: Int64) throws(LoadError) {
        connections[number].due = due
        connections[number].answer = AnswerReader()
        try connections[number].socket.send(request)
    }

    private func receive(over number: Int, _ outcome: inout Outcome) throws(LoadError) {
        let count = try connections[number].socket.receive(into: &buffer)
        guard count > 0, try connections[number].answer.take(buffer[..<count]) else { return }
        let connection = connections[number]
        if connection.answer.status < 300 { outcome.answered += 1 } else { outcome.refused += 1 }
        outcome.bytes += connection.answer.bodyBytes
        outcome.latencies.append(Self.now - connection.due)
        free.append(number)
    }

    /// Nanoseconds of a clock that only goes forward.
    static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
