import Foundation

/// Some processes and everything that they start, as the kernel tells of those still there.
struct ProcessTree {
    private var members: Set<Int32>
    /// Every process that was looked at, so that each is asked for its parent once.
    private var known: Set<Int32> = []

    /// The largest sum of resident memory of all at one moment, or of a single one at any.
    private(set) var peakMiB = 0.0
    /// The largest sum of anonymous memory of all at one moment.
    private(set) var peakPrivateMiB = 0.0

    init(_ roots: [Int32]) { members = Set(roots) }

    /// Notes what all of them hold now.
    mutating func look() {
        findMembers()
        var (resident, anonymous) = (0.0, 0.0)
        for pid in members {
            let rollup = Self.text("/proc/\(pid)/smaps_rollup")
            resident += Self.mebibytes("Rss:", in: rollup)
            anonymous += Self.mebibytes("Anonymous:", in: rollup)
            peakMiB = max(peakMiB, Self.mebibytes("VmHWM:", in: Self.text("/proc/\(pid)/status")))
        }
        peakMiB = max(peakMiB, resident)
        peakPrivateMiB = max(peakPrivateMiB, anonymous)
    }

    private mutating func findMembers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        // A process is newer than its parent; so are its numbers, except where they begin anew.
        let new = names.compactMap { Int32($0) }.filter { !known.contains($0) }.sorted()
        for pid in new {
            known.insert(pid)
            if let parent = Self.parent(of: pid), members.contains(parent) { members.insert(pid) }
        }
    }

    private static func parent(of pid: Int32) -> Int32? {
        // A command's name, in parentheses, may hold anything: what follows it is plain.
        text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
            .dropFirst().first.flatMap { Int32($0) }
    }

    private static func mebibytes(_ name: String, in text: String) -> Double {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let number = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Double($0) })
        else { return 0 }
        return number / 1024
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// How long processors have worked for the threads of one process; nil when it is gone.
    static func processorSeconds(of pid: Int32) -> Double? {
        let nanoseconds = tasks(of: pid).compactMap { task in
            text("\(task)/schedstat").split(separator: " ").first.flatMap { Double($0) }
        }
        return nanoseconds.isEmpty ? nil : nanoseconds.reduce(0, +) / 1e9
    }

    static func children(of pid: Int32) -> [Int32] {
        tasks(of: pid).flatMap { task in
            text("\(task)/children").split(separator: " ").compactMap { Int32($0) }
        }
    }

    /// What one process holds in memory now; 0 when it is gone.
    static func residentMiB(of pid: Int32) -> Double {
        mebibytes("VmRSS:", in: text("/proc/\(pid)/status"))
    }

    /// The most that one process ever held; 0 when it is gone.
    static func peakResidentMiB(of pid: Int32) -> Double {
        mebibytes("VmHWM:", in: text("/proc/\(pid)/status"))
    }

    /// How often the threads of one process have slept and gone on; 0 when it is gone.
    static func wakeUpCount(of pid: Int32) -> Int {
        tasks(of: pid).reduce(0) { count, task in
            let line = text("\(task)/status").split(separator: "\n")
                .first { $0.hasPrefix("voluntary_ctxt_switches:") }
            return count + (line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
        }
    }

    private static func tasks(of pid: Int32) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
        return (names ?? []).map { "/proc/\(pid)/task/\($0)" }
    }
}
