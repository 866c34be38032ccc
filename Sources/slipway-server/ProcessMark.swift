import Foundation
internal import Model
internal import OpenSSL
internal import Orchestrator

/// Tells a process of this machine from all others, those before it included.
///
/// Another process that sees the same machine's processes knows by it for certain when this one has
/// ended: a server that is started again after a crash need not wait for its own former lease.
struct ProcessMark: Hashable {
    /// Of the machine since it was started, and of the processes that see each other on it.
    let place: String
    let process: Int32
    /// In ticks since the machine was started: numbers of processes are used again.
    let start: String

    /// `nil` where the system does not tell.
    static func current() -> ProcessMark? {
        guard let place = currentPlace, let start = stat(of: "self")?.start else { return nil }
        return ProcessMark(place: place, process: getpid(), start: start)
    }

    private init(place: String, process: Int32, start: String) {
        (self.place, self.process, self.start) = (place, process, start)
    }

    init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 4, let process = Int32(words[2]), process > 0 else { return nil }
        self.init(place: "\(words[0]) \(words[1])", process: process, start: words[3])
    }

    var text: String { "\(place) \(process) \(start)" }

    /// `false` also where nobody can tell.
    var hasEnded: Bool {
        guard place == Self.currentPlace else { return false }
        if kill(process, 0) != 0 { return errno == ESRCH }
        guard let found = Self.stat(of: "\(process)") else { return false }
        // Who has ended and was not asked for its end yet is a zombie.
        return found.start != start || found.state == "Z" || found.state == "X"
    }

    private static var currentPlace: String? {
        guard let boot = contents("/proc/sys/kernel/random/boot_id"),
            let processes = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/ns/pid"), !processes.contains(" ")
        else { return nil }
        return "\(boot) \(processes)"
    }

    /// proc(5): the fields after the program's name, which may hold anything, from the third on.
    private static func stat(of process: String) -> (state: String, start: String)? {
        guard let text = contents("/proc/\(process)/stat"),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map(String.init)
        return fields.count > 19 ? (fields[0], fields[19]) : nil
    }

    static func contents(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension SteppingSeat {
    static func ofThisProcess() throws -> SteppingSeat {
        guard let id = Nonce(Hex.encode(try SecureRandom.bytes(16))) else {
            preconditionFailure("32 digits are a name")
        }
        let machine = ProcessMark.contents("/proc/sys/kernel/hostname") ?? "unknown"
        let start = ContinuousClock.now
        return SteppingSeat(
            server: SteppingServer(
                id: id, name: "\(machine):\(getpid())",
                process: ProcessMark.current()?.text ?? ""),
            // It goes on while the machine sleeps, too.
            monotonic: { ContinuousClock.now - start },
            hasEnded: { ProcessMark($0.process)?.hasEnded ?? false })
    }
}
