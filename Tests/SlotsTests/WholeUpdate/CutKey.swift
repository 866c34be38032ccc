import Agent
import AgentSupport
import Glibc
import Model
import SimulatedDisk
import Wire

/// Everything on which it depends how a device goes on.
///
/// Two moments with the same key have the same future, so one of them need be looked at. Names of
/// boots and sequences only ever rise; of them counts whether one is this boot's, and how far the
/// device is ahead of what the server has heard.
struct CutKey: Hashable {
    /// How far the machine has come in this boot.
    enum Stage: Hashable {
        case off, started, agentStarted, agentHasAsked
    }

    private enum Item: Hashable {
        case bytes([UInt8])
        case other(Medium.Entry)
    }

    private let items: [String: Item]
    private let stage: Stage
    private let watch: CutWatch
    private let now: Instant
    private let uptime: Duration
    private let openOffer: Offer?
    private let end: PhaseReport?
    private let offersMade: Int
    private let said: PhaseReport?

    /// Of a machine whose power is off.
    init(_ moment: CutMoment) {
        self.init(
            moment.disk.live, .off, moment.desk, moment.watch, now: moment.now, uptime: .zero)
    }

    /// Of a machine that runs; `nil` while something on its disk is not durable.
    init?(_ machine: CutMachine) {
        guard machine.disk.isSettled else { return nil }
        let asking: Stage = machine.hasAsked ? .agentHasAsked : .agentStarted
        self.init(
            machine.disk.live, machine.agent == nil ? .started : asking, machine.desk,
            machine.watch, now: machine.now, uptime: machine.uptime)
    }

    private init(
        _ medium: Medium, _ stage: Stage, _ desk: ServerDesk, _ watch: CutWatch, now: Instant,
        uptime: Duration
    ) {
        let bootID = medium.bytes("/proc/sys/kernel/random/boot_id").map { stage == .off ? [] : $0 }
        let heard = desk.checkIns.last?.sequence ?? 0
        var items: [String: Item] = [:]
        for (path, entry) in medium.names {
            // What the kernel and the firmware tell is told anew by the next boot.
            if path.hasPrefix("/proc/"), stage == .off || path.hasSuffix("/boot_id") { continue }
            guard case .file(let number) = entry else {
                items[path] = .other(entry)
                continue
            }
            let bytes = medium.contents[number] ?? []
            items[path] = .bytes(
                path.hasPrefix(CutDevice.statePath)
                    ? Self.replacingNumber(behind: "\"last_sequence\":", in: bytes) { $0 - heard }
                    : Self.isNote(path) ? Self.replacingBoot(bootID ?? [], in: bytes) : bytes)
        }
        self.items = items
        self.stage = stage
        self.watch = watch
        self.now = now
        self.uptime = uptime
        openOffer = desk.openOffer
        end = desk.end
        offersMade = desk.offersMade
        said = desk.checkIns.last?.phase
    }

    private static func isNote(_ path: String) -> Bool {
        ["boot-trial", "boot-trial.new", "booted"].contains { path.hasSuffix("/\($0)") }
    }

    private static func replacingBoot(_ bootID: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        let name = String(decoding: bootID.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return Array(
            String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
                guard line.hasPrefix("boot_id=") else { return String(line) }
                return line == "boot_id=\(name)" ? "boot_id=now" : "boot_id=before"
            }.joined(separator: "\n").utf8)
    }

    private static func replacingNumber(
        behind words: String, in bytes: [UInt8], _ change: (Int64) -> Int64
    ) -> [UInt8] {
        let text = (bytes + [0]).map { CChar(bitPattern: $0) }
        let start = text.withUnsafeBufferPointer { raw -> Int? in
            guard let base = raw.baseAddress, let found = strstr(base, words) else { return nil }
            return UnsafePointer(found) - base + words.utf8.count
        }
        guard let start else { return bytes }
        let digits = bytes[start...].prefix { (48...57).contains($0) }
        let number = Int64(String(decoding: digits, as: UTF8.self)) ?? 0
        return bytes[..<start] + Array("\(change(number))".utf8) + bytes[digits.endIndex...]
    }
}
