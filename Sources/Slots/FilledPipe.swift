internal import Agent
internal import Glibc

/// Bytes that a program reads from its standard input, all of them in a pipe before it starts.
///
/// So nobody has to fill the pipe while the program runs, and a program that does not read it sends
/// us no signal.
@safe final class FilledPipe {
    /// The end that is read from.
    let descriptor: Int32

    /// What a pipe of Linux holds, in bytes; more cannot be given to a program.
    static let capacity = 65_536

    init(_ bytes: [UInt8]) throws(SlotError) {
        guard bytes.count <= Self.capacity else {
            throw .failed(
                operation: "fill", path: "a pipe",
                reason: "\(bytes.count) bytes are more than \(Self.capacity)")
        }
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SlotError(errno, "make", "a pipe") }
        defer { close(ends[1]) }
        descriptor = ends[0]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A pipe that the kernel made smaller says so, instead of waiting for a reader.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let count = unsafe write(ends[1], bytes, bytes.count)
        guard count == bytes.count else {
            throw .failed(operation: "fill", path: "a pipe", reason: "it is too small")
        }
    }

    deinit { close(descriptor) }
}
