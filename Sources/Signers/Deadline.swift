internal import Glibc

/// The moment after which nobody waits any longer.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(after timeout: Duration) { end = .now.advanced(by: timeout) }

    /// What is left in whole milliseconds, at least 1 and at most an hour; `nil` when nothing is.
    var millisecondsLeft: Int32? {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return nil }
        let (seconds, attoseconds) = min(left, .seconds(3600)).components
        return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

/// What the system calls its errors.
enum ErrorNumber {
    static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
