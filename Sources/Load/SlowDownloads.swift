internal import Glibc

/// Many clients that each take an answer slowly, at the same time.
public final class SlowDownloads {
    private var sockets: [LoadSocket] = []
    private var answers: [AnswerReader] = []
    private var buffer: [UInt8]

    /// How often each client reads, in nanoseconds.
    private static let pause: Int64 = 250_000_000
    private static let pausesPerSecond = 4

    /// Connects all clients and sends the request of each.
    public init(
        port: Int, clients: Int, bytesPerSecond: Int, request: [UInt8]
    ) throws(LoadError) {
        buffer = Array(repeating: 0, count: max(1, bytesPerSecond / Self.pausesPerSecond))
        for _ in 0..<clients {
            // The kernel holds little more for a client than a slow line would.
            let socket = try LoadSocket(port: port, receiveBuffer: 4 * buffer.count)
            try socket.send(request)
            sockets.append(socket)
            answers.append(AnswerReader())
        }
    }

    /// Lets every client read at its pace for so long.
    ///
    /// - Returns: The bytes of bodies that have arrived, and how many clients got none.
    public func run(seconds: Double) throws(LoadError) -> (bytes: Int, starved: Int) {
        let begin = LoadGenerator.now
        let before = answers.map(\.bodyBytes)
        for round in 0..<max(1, Int(seconds * Double(Self.pausesPerSecond))) {
            for client in sockets.indices {
                // Spread over the pause, as clients are.
                let due =
                    begin + Int64(round) * Self.pause
                    + Self.pause * Int64(client) / Int64(sockets.count)
                Self.sleep(nanoseconds: due - LoadGenerator.now)
                let count = try sockets[client].receive(into: &buffer)
                guard count > 0 else { continue }
                _ = try answers[client].take(buffer[..<count])
            }
        }
        let got = zip(answers, before).map { $0.bodyBytes - $1 }
        return (got.reduce(0, +), got.count { $0 == 0 })
    }

    private static func sleep(nanoseconds: Int64) {
        // Shorter ones take longer to fall asleep.
        guard nanoseconds > 100_000 else { return }
        usleep(UInt32(nanoseconds / 1000))
    }
}
