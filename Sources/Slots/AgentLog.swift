internal import Agent
internal import Synchronization

/// The last lines that the agent said, in memory; any thread may ask for them.
public final class LogRing: Sendable {
    /// How much is kept, in bytes, line ends counted.
    public static let maximumByteCount = 65_536

    private struct Lines {
        var lines: [String] = []
        var byteCount = 0
    }

    private let contents = Mutex(Lines())

    public init() {}

    /// - Parameter line: Without its end; what is longer than a line should be is cut.
    public func append(_ line: String) {
        let line = String(line.prefix(1024))
        contents.withLock { contents in
            contents.lines.append(line)
            contents.byteCount += line.utf8.count + 1
            var dropped = 0
            while contents.byteCount > Self.maximumByteCount {
                contents.byteCount -= contents.lines[dropped].utf8.count + 1
                dropped += 1
            }
            contents.lines.removeFirst(dropped)
        }
    }

    /// The last `count` lines, the oldest first.
    public func last(_ count: Int) -> [String] {
        contents.withLock { Array($0.lines.suffix(max(0, count))) }
    }
}

/// The agent's own log: a ring in memory, and a file that survives restarts.
///
/// Nothing about it ever fails the agent, and nothing waits for the medium: after a power cut its
/// last lines may be gone.
public final class AgentLog {
    public let ring = LogRing()
    private let path: String
    private let disk: any Disk
    private var file: (any DiskFile)?
    private var length: Int64 = 0

    /// At this length the file makes room for a new one; the one before is kept, in bytes.
    public static let maximumFileByteCount: Int64 = 262_144

    public init(_ path: String, on disk: any Disk = LinuxDisk()) {
        self.path = path
        self.disk = disk
        for line in Self.tail(of: path, on: disk) { ring.append(line) }
    }

    /// The last lines of the log at `path`, as far as they are kept; none when there is no log.
    public static func tail(of path: String, on disk: any Disk = LinuxDisk()) -> [String] {
        guard let file = try? disk.open(path, .read), let length = try? file.length() else {
            return []
        }
        let start = max(0, length - Int64(LogRing.maximumByteCount))
        guard let bytes = try? file.read(at: start, maximum: LogRing.maximumByteCount) else {
            return []
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"))
        // Where it begins in the middle of a line, that is no line.
        if start > 0, !lines.isEmpty { lines.removeFirst() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    public func append(_ line: String) {
        ring.append(line)
        do throws(SlotError) {
            if length >= Self.maximumFileByteCount {
                file = nil
                try disk.rename(path, to: "\(path).1")
            }
            let bytes = Array("\(line.prefix(1024))\n".utf8)
            let file = try openFile()
            try file.write(bytes, at: length)
            length += Int64(bytes.count)
        } catch {
            // The disk may be full; the line is in memory, and the next one tries again.
            file = nil
        }
    }

    private func openFile() throws(SlotError) -> any DiskFile {
        if let file { return file }
        let new = try disk.open(path, .make(permissions: 0o600))
        length = try new.length()
        file = new
        return new
    }
}
