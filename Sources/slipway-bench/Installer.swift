import Foundation
internal import Programs

/// A program that installs the image of a stage into its slot.
protocol Installer: AnyObject {
    var name: String { get }
    /// Makes everything as if the image had never been installed.
    ///
    /// - Returns: Services that the program works with; what they take counts.
    func prepare() throws -> [Process]
    /// Starts what installs the image and ends then.
    func start() throws -> Process
    /// Where a program leaves a log, whose word for the beginning and the end of its read-back.
    var readBack: (log: URL, begins: String, ends: String)? { get }
    func close()
}

extension Installer {
    var readBack: (log: URL, begins: String, ends: String)? { nil }
    func close() {}
}

/// What one installation took a program, with all that it started.
struct InstallCost {
    var processorSeconds: Double
    var readBackSeconds = 0.0
    var seconds: Double
    var peakMiB: Double
    var peakPrivateMiB: Double

    var processorSecondsWithoutReadBack: Double { processorSeconds - readBackSeconds }
}

/// Watches one installation from its start to its end.
struct InstallWatch {
    private let installer: any Installer
    private let clock = ContinuousClock()
    private var tree: ProcessTree
    private var readBack: ReadBackWatch?

    private static let longest = Duration.seconds(300)

    static func cost(of installer: any Installer) throws -> InstallCost {
        let services = try installer.prepare()
        defer { services.forEach { $0.end() } }
        // Services that run now are counted when they have ended, with all that they ever took.
        let before = EndedChildren.processorTime
        let begin = ContinuousClock.now
        let process = try installer.start()
        var watch = InstallWatch(installer, process, services)
        try watch.follow(process)
        let took = ContinuousClock.now - begin
        guard process.terminationStatus == 0 else {
            throw BenchProblem.failed("\(installer.name) ended with \(process.terminationStatus)")
        }
        services.forEach { $0.end() }
        return InstallCost(
            processorSeconds: WallTime.seconds(EndedChildren.processorTime - before),
            readBackSeconds: try watch.readBack?.seconds ?? 0, seconds: WallTime.seconds(took),
            peakMiB: watch.tree.peakMiB, peakPrivateMiB: watch.tree.peakPrivateMiB)
    }

    private init(_ installer: any Installer, _ process: Process, _ services: [Process]) {
        self.installer = installer
        tree = ProcessTree(([process] + services).map(\.processIdentifier))
        readBack = installer.readBack.map { ReadBackWatch($0, of: process.processIdentifier) }
    }

    /// Looks at the processor time each millisecond and at memory each tenth.
    private mutating func follow(_ process: Process) throws {
        let begin = clock.now
        var count = 0
        while process.isRunning {
            guard clock.now - begin < Self.longest else {
                process.end()
                throw BenchProblem.failed("\(installer.name) does not end")
            }
            readBack?.look()
            if count.isMultiple(of: 10) { tree.look() }
            count += 1
            usleep(1000)
        }
        readBack?.look()
    }
}

/// Measures the processor time between two words in the log of a process.
private struct ReadBackWatch {
    private let words: (log: URL, begins: String, ends: String)
    private let pid: Int32
    /// As it was last seen: it goes with the process.
    private var processorSeconds = 0.0
    private var begin: Double?
    private var end: Double?

    init(_ words: (log: URL, begins: String, ends: String), of pid: Int32) {
        self.words = words
        self.pid = pid
    }

    mutating func look() {
        guard end == nil else { return }
        processorSeconds = ProcessTree.processorSeconds(of: pid) ?? processorSeconds
        let log = (try? String(contentsOf: words.log, encoding: .utf8)) ?? ""
        if begin == nil, log.contains(words.begins) { begin = processorSeconds }
        if log.contains(words.ends) { end = processorSeconds }
    }

    var seconds: Double {
        get throws {
            guard let begin, let end else {
                throw BenchProblem.failed("nothing was seen of the read-back")
            }
            return end - begin
        }
    }
}

extension Process {
    /// Ends it, when it still runs, and waits for that.
    func end() {
        if isRunning { terminate() }
        waitUntilExit()
    }
}
