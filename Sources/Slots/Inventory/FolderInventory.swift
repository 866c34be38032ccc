public import Agent
public import Model

/// Attributes of the device from files and programs that others put into a folder.
///
/// `NAME.attributes` has lines of `key=value`; any other executable file prints such lines. Lines
/// that are no attribute are passed over with a note. The device's own configuration wins over all
/// of them, because whoever built the device knows better than what was dropped in later, and may
/// rely on what it says (`site`, `ring`) when choosing devices; among files the first one wins.
public final class FolderInventory: InventorySource {
    private let folder: String
    private let fixed: Attributes
    private let interval: Duration
    private let limits: Limits
    private let clock: any AgentClock
    private let note: (String) -> Void
    private var last: (attributes: Attributes, at: Duration)?
    /// What each file said when it could last be asked: an answer that is late takes nothing away.
    private var known: [String: [(key: String, value: String)]] = [:]

    /// How much is looked at, and how much time is spent on it.
    public struct Limits: Hashable, Sendable {
        /// Files in the folder.
        public var files = 64
        /// Of one file, or of what one program prints; in bytes.
        public var fileBytes = 16_384
        /// Of all names and values together, those of the configuration included, so that a
        /// check-in stays within what a server takes; in bytes.
        public var attributeBytes = 16_384
        public var oneProgram = Duration.seconds(10)
        public var allPrograms = Duration.seconds(30)

        public init() {}
    }

    /// - Parameters:
    ///   - folder: Only root and the agent's user may be able to change it.
    ///   - fixed: The attributes of the device's configuration.
    ///   - interval: For how long an answer is good; programs are run again after it.
    ///   - note: Takes one sentence for a person.
    public init(
        folder: String, fixed: Attributes, interval: Duration, limits: Limits = Limits(),
        clock: any AgentClock, note: @escaping (String) -> Void
    ) {
        self.folder = folder
        self.fixed = fixed
        self.interval = interval
        self.limits = limits
        self.clock = clock
        self.note = note
    }

    public func attributes() -> Attributes? {
        if let last, clock.uptime - last.at < interval { return last.attributes }
        let attributes = merged()
        last = (attributes, clock.uptime)
        return attributes
    }

    private func merged() -> Attributes {
        var values = fixed.values
        var byteCount = values.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        for (path, lines) in read() {
            for (key, value) in lines where values[key] == nil {
                byteCount += key.utf8.count + value.utf8.count
                guard values.count < Attributes.maximumCount, byteCount <= limits.attributeBytes
                else {
                    note("\(path): \(key) and what follows are more attributes than fit")
                    return (try? Attributes(values)) ?? fixed
                }
                values[key] = value
            }
        }
        return (try? Attributes(values)) ?? fixed
    }

    private func read() -> [(path: String, lines: [(key: String, value: String)])] {
        let deadline = clock.uptime + limits.allPrograms
        let paths: [String]
        do throws(SlotError) {
            paths = try GuardedFolder(folder)?.paths(maximumCount: limits.files) ?? []
        } catch {
            note("\(error)")
            return []
        }
        known = known.filter { paths.contains($0.key) }
        for path in paths {
            do throws(SlotError) {
                guard let text = try text(of: path, until: deadline) else { continue }
                known[path] = attributes(in: text, of: path)
            } catch { note("\(error)") }
        }
        return paths.map { ($0, known[$0] ?? []) }
    }

    /// `nil` for a file that has nothing to say.
    private func text(of path: String, until deadline: Duration) throws(SlotError) -> [UInt8]? {
        guard let status = try GuardedFolder.status(of: path), status.kind == .file else {
            return nil
        }
        if path.hasSuffix(".attributes") {
            return try File(path, .read).read(at: 0, maximum: limits.fileBytes)
        }
        guard status.isExecutable else { return nil }
        let left = min(limits.oneProgram, deadline - clock.uptime)
        guard left > .zero else {
            throw .failed(
                operation: "run", path: path,
                reason: "the programs before it took all of the time")
        }
        return try Command.answer(
            of: [path], to: [], timeout: left, maximumByteCount: limits.fileBytes)
    }

    private func attributes(
        in text: [UInt8], of path: String
    ) -> [(key: String, value: String)] {
        var lines: [(key: String, value: String)] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let line = String(decoding: line, as: UTF8.self)
            if line.hasPrefix("#") || line.allSatisfy({ $0 == " " || $0 == "\t" }) { continue }
            guard let equals = line.firstIndex(of: "="),
                case let key = String(line[..<equals]),
                case let value = String(line[line.index(after: equals)...]),
                (try? Attributes([key: value])) != nil
            else {
                note("\(path): \"\(String(line.prefix(80)))\" is no attribute; it is passed over")
                continue
            }
            lines.append((key, value))
        }
        return lines
    }
}
