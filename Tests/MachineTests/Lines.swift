import Foundation

/// The lines that a program writes, as they come, for whoever waits for one of them.
final class Lines: @unchecked Sendable {
    private let condition = NSCondition()
    private var lines: [String] = []
    private var rest: [UInt8] = []
    private var hasEnded = false

    /// Reads `handle` to its end on a thread of its own, and keeps a copy of it in `copy`.
    init(of handle: FileHandle, copy: FileHandle? = nil) {
        Thread.detachNewThread { [self] in
            while true {
                let data = handle.availableData
                if data.isEmpty { break }
                try? copy?.write(contentsOf: data)
                take(Array(data))
            }
            end()
        }
    }

    private func take(_ bytes: [UInt8]) {
        condition.lock()
        defer { condition.unlock() }
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(Self.plain(rest))
                rest = []
            } else {
                rest.append(byte)
            }
        }
        condition.broadcast()
    }

    /// Without the colours and cursor movements that firmware likes.
    private static func plain(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
            .replacing(/\u{1b}(\[[0-9;?]*[A-Za-z]|c)/, with: "").replacing("\r", with: "")
    }

    private func end() {
        condition.lock()
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }

    var all: [String] {
        condition.lock()
        defer { condition.unlock() }
        return lines
    }

    /// Waits for the first line from number `start` on that `isWanted`.
    ///
    /// - Returns: The line, and the number of the one after it.
    /// - Throws: ``MachineError`` with the last lines when there is none within `limit` or the
    ///   program ends.
    func wait(
        for what: String, from start: Int = 0, within limit: Duration,
        where isWanted: (String) throws -> Bool
    ) throws -> (line: String, next: Int) {
        let deadline = Date(timeIntervalSinceNow: Double(limit.components.seconds))
        condition.lock()
        defer { condition.unlock() }
        var next = start
        while true {
            while next < lines.count {
                let line = lines[next]
                next += 1
                if try isWanted(line) { return (line, next) }
            }
            guard !hasEnded else { throw missing(what, "before the program ended") }
            guard condition.wait(until: deadline) else {
                throw missing(what, "within \(limit.components.seconds) s")
            }
        }
    }

    private func missing(_ what: String, _ when: String) -> MachineError {
        let last = lines.suffix(60).joined(separator: "\n")
        return MachineError("\(what) was not seen \(when); last:\n\(last)")
    }
}
