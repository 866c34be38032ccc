public import Foundation
internal import Glibc
internal import Synchronization

/// A program that a test starts, with the part of `Process` that tests need.
///
/// Foundation's own looks through the folder of open files between fork and exec, and reads past the
/// end of what it was given there: one start among thousands crashes. Here the C library closes them.
public final class ChildProcess: @unchecked Sendable {
    public var executableURL: URL?
    public var arguments: [String] = []
    /// `nil` for that of this process.
    public var environment: [String: String]?
    public var currentDirectoryURL: URL?
    /// A `Pipe` or a `FileHandle`; `nil` for that of this process.
    public var standardInput: Any?
    public var standardOutput: Any?
    public var standardError: Any?
    /// Called on a thread of its own once the program has ended.
    public var terminationHandler: (@Sendable (ChildProcess) -> Void)?

    /// Held while a signal is sent, so that it goes to nobody else.
    private let end = NSCondition()
    private var child: pid_t = 0
    /// What `wait` said of it; `nil` while it runs.
    private var status: Int32?

    public enum TerminationReason: Sendable {
        case exit
        case uncaughtSignal
    }

    /// Why a program was not started.
    public struct Problem: Error, CustomStringConvertible {
        public let description: String
    }

    public init() {}

    // MARK: While it runs

    public var processIdentifier: Int32 { child }

    public var isRunning: Bool {
        end.withLock { child != 0 && status == nil }
    }

    /// Asks it to stop.
    public func terminate() {
        end.withLock {
            if child != 0, status == nil { kill(child, SIGTERM) }
        }
    }

    public func waitUntilExit() {
        end.withLock {
            while status == nil, child != 0 { end.wait() }
        }
    }

    // MARK: Afterwards

    /// Its exit code, or the signal that ended it.
    public var terminationStatus: Int32 {
        let status = ended()
        // The macros of wait(2) are not importable: 7 bits of signal, then 8 bits of exit code.
        return status & 0x7f == 0 ? (status >> 8) & 0xff : status & 0x7f
    }

    public var terminationReason: TerminationReason {
        ended() & 0x7f == 0 ? .exit : .uncaughtSignal
    }

    private func ended() -> Int32 {
        guard let status = end.withLock({ status }) else {
            preconditionFailure("the program has not ended")
        }
        return status
    }

    // MARK: Starting

    public func run() throws {
        precondition(child == 0, "a program is started once")
        let pid = try spawn()
        end.withLock { child = pid }
        for case let pipe as Pipe in [standardOutput, standardError] {
            try? pipe.fileHandleForWriting.close()
        }
        if let pipe = standardInput as? Pipe { try? pipe.fileHandleForReading.close() }
        Thread.detachNewThread { self.watch(pid) }
    }

    private func watch(_ pid: pid_t) {
        var information = siginfo_t()
        // It stays a zombie until nobody can be about to send it a signal.
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        end.withLock {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            self.status = status
            end.broadcast()
        }
        terminationHandler?(self)
    }

    private func spawn() throws -> pid_t {
        guard let path = executableURL?.path else { throw Problem(description: "no program") }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        var copies: [Int32] = []
        defer { copies.forEach { close($0) } }
        for (place, stream) in [standardInput, standardOutput, standardError].enumerated() {
            if let handle = stream as? FileHandle, handle === FileHandle.nullDevice {
                posix_spawn_file_actions_addopen(&actions, Int32(place), "/dev/null", O_RDWR, 0)
                continue
            }
            guard let descriptor = Self.descriptor(of: stream, place) else { continue }
            // Above the places themselves, so that none is written over before it is copied.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { throw Self.problem(errno, path) }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, Int32(place))
        }
        Extensions.closeFrom(&actions, 3)
        if let currentDirectoryURL {
            Extensions.changeDirectory(&actions, currentDirectoryURL.path)
        }
        // A thread of a pool blocks nearly all signals; a program expects that none are.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment ?? ProcessInfo.processInfo.environment
        var texts = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + texts).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, &words, &texts)
        guard code == 0 else { throw Self.problem(code, path) }
        return pid
    }

    /// What the C library has beyond the standard, and its module does not show.
    private enum Extensions {
        typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

        static func closeFrom(_ actions: Actions, _ first: Int32) {
            typealias Function = @convention(c) (Actions, Int32) -> Int32
            let function = unsafeBitCast(
                symbol("posix_spawn_file_actions_addclosefrom_np"), to: Function.self)
            precondition(function(actions, first) == 0, "there is memory")
        }

        static func changeDirectory(_ actions: Actions, _ path: String) {
            typealias Function = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
            let function = unsafeBitCast(
                symbol("posix_spawn_file_actions_addchdir_np"), to: Function.self)
            precondition(function(actions, path) == 0, "there is memory")
        }

        private static func symbol(_ name: String) -> UnsafeMutableRawPointer {
            guard let symbol = dlsym(nil, name) else {
                preconditionFailure("glibc 2.34 and later have \(name)")
            }
            return symbol
        }
    }

    private static func descriptor(of stream: Any?, _ place: Int) -> Int32? {
        switch stream {
        case let pipe as Pipe:
            (place == 0 ? pipe.fileHandleForReading : pipe.fileHandleForWriting).fileDescriptor
        case let handle as FileHandle: handle.fileDescriptor
        default: nil
        }
    }

    private static func problem(_ code: Int32, _ path: String) -> Problem {
        Problem(description: "\(path): \(String(cString: strerror(code)))")
    }
}
