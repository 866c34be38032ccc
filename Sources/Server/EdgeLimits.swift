/// How much of the server one stranger, or all of them together, may take.
///
/// The defaults fit a small machine, and a site with thousands of devices behind one address.
public struct EdgeLimits: Hashable, Sendable {
    // MARK: Rates; 0 is no limit
    //
    // Each server counts for itself, because what it protects is itself: a caller whom a load
    // balancer takes to n servers in turn gets up to n times as much of them all.

    public var addressRequestsPerSecond = 10_000
    /// Wrong tokens, wrong signatures and what is not understood.
    public var addressFailuresPerMinute = 300
    /// Of one device, its signature checked.
    public var deviceCheckInsPerMinute = 600
    /// In the name of one device from one address.
    public var deviceFailuresPerMinute = 20

    // MARK: Connections

    public var connections = 4096
    public var connectionsPerAddress = 2048

    // MARK: Time

    /// From the first byte of a connection, handshake included, to the end of the first head.
    public var headSeconds = 10
    /// From one answer to the end of the next head.
    public var idleSeconds = 15
    /// How long a body may stand still, or fall behind ``bodyBytesPerSecond``.
    public var bodySeconds = 20
    public var bodyBytesPerSecond = 512
    /// From the end of a request to the beginning of its answer; a plan for a large fleet takes a
    /// while.
    public var answerSeconds = 300
    /// How long a client may take nothing of an answer.
    public var stalledReaderSeconds = 60
    /// From the word to stop until what is still being answered is cut.
    public var shutdownSeconds = 20

    // MARK: Size

    /// Of the request line and all header lines.
    public var headBytes = 16_384
    public var headerCount = 100

    public init() {}

    /// How many connections are accepted at most, those included that are only told that there is no
    /// room; beyond, they wait in the kernel, so that file descriptors never run out.
    var accepted: Int { connections + connections / 8 + 64 }

    /// How many connections a process with so many file descriptors can bear.
    ///
    /// One that downloads has its file open, too; database and children need the rest.
    public static func connections(descriptorCount: Int) -> Int {
        max(16, (descriptorCount - 384) * 4 / 9)
    }

    /// How many connections the kernel keeps that nobody has looked at yet.
    var backlog: Int { min(connections, 1024) }
}
