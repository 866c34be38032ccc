public import Agent
public import Model

/// systemd-boot with an entry file for each slot and its automatic boot assessment.
///
/// An entry `NAME+LEFT-DONE.conf` is counted: systemd-boot renames it to one boot less *before* it
/// boots it, and sorts it last once none are left. An entry `NAME.conf` counts as good. Among the
/// entries of one `sort-key`, that with the newest `version` boots.
///
/// | state | entry of a | entry of b | what boots |
/// |---|---|---|---|
/// | nothing on trial | `a.conf`, version 5 | `b+0-0.conf` or an older `b.conf` | a: b is last, or older |
/// | b armed | `a.conf`, version 5 | `b+1-0.conf`, version 6 | b: it is newer; first it becomes `b+0-1.conf` |
/// | b's trial spent | `a.conf`, version 5 | `b+0-1.conf`, version 6 | a: b has no boots left |
/// | b confirmed | `a.conf`, version 5 | `b.conf`, version 6 | b: it is newer |
/// | a armed again | `a+1-0.conf`, version 7 | `b.conf`, version 6 | a, once |
///
/// ## Order of writes
///
/// ``arm(_:)``, each step durable before the next:
///
/// 1. The slot's entry, whatever it is called, becomes `b+0-0.conf`: no boots left and none had.
///    A cut leaves `a.conf` as the only entry that can boot by itself.
/// 2. Unless it is the newest, the entry gets a version newer than every other: a new file under a temporary name
///    that no loader reads, fsync, renamed over `b+0-0.conf`, fsync of the file, fsync of the
///    directory. A cut leaves the old text or the new one, both with no boots left.
/// 3. `b+0-0.conf` becomes `b+1-0.conf`: one rename, fsync of the file, fsync of the directory. A
///    cut leaves one name or the other. There is never a moment in which a slot has two entries.
///
/// ``confirm(_:)`` is step 3 with another name: the entry loses its count. The one of the slot that
/// was confirmed before stays as it is, and is only older. ``disarm()`` is step 1 for every slot
/// but the confirmed one, which also keeps an older image from booting while its slot is written.
///
/// On FAT, fsync of the directory alone leaves a renamed file that is there and empty: the file
/// itself is synced *after* its rename, each time.
///
/// A kernel and an initial RAM disk that the entry names must be complete before ``arm(_:)``. The
/// `default` of `loader.conf` must not name another entry, or no trial boots. An image with
/// systemd must mask `systemd-bless-boot.service`: it would take the count from the entry as soon as
/// the system is up, and so confirm an image that has not passed its health check.
public struct SystemdBoot: Bootloader {
    private let folder: String
    private let entries: [SlotName: String]
    private let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - esp: Where the file system with `loader/entries` is mounted.
    ///   - entries: The name of each slot's entry, without count and `.conf`.
    public init(
        esp: String, entries: [SlotName: String], booted: BootedSlot,
        on disk: any Disk = LinuxDisk()
    ) {
        folder = "\(esp)/loader/entries"
        self.entries = entries
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let found = try found()
        let confirmed = try confirmed(in: found)
        return BootStatus(
            booted: try booted.slot(), bootID: try booted.bootID(), confirmed: confirmed.slot,
            trial: trial(in: found, besides: confirmed.entry))
    }

    private func trial(
        in found: [SlotName: BootEntry], besides confirmed: BootEntry
    ) -> BootStatus.Trial {
        for (slot, entry) in found.sorted(by: { $0.key < $1.key }) {
            guard let count = entry.count else { continue }
            // One that sorts behind the confirmed entry would not be tried.
            if count.left > 0, entry.precedes(confirmed) { return .armed(slot) }
            if count.left == 0, count.done > 0 { return .spent(slot) }
        }
        return .none
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        let found = try found()
        let entry = try entry(of: slot, in: found)
        let confirmed = try confirmed(in: found)
        guard confirmed.slot != slot else {
            throw .malformed(path: path(entry), problem: "it is confirmed and needs no trial")
        }
        try refuseOtherKeys(entry, confirmed.entry)
        let isReady = entry.count.map { $0.left == 1 } == true && entry.precedes(confirmed.entry)
        guard !isReady else { return try sync(path(entry)) }
        var out = try rename(entry, to: Self.takenOut)
        let others = found.filter { $0.key != slot }.values
        if !others.allSatisfy({ out.precedes($0) }) {
            out = try newer(out, than: Array(found.values))
        }
        _ = try rename(out, to: BootEntry.Count(left: 1, done: 0))
    }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        let found = try found()
        var entry = try entry(of: slot, in: found)
        let others = found.filter { $0.key != slot }
        // What is armed sorts before all others: it must not be tried any more.
        for other in others.values where other.count.map({ $0.left > 0 }) == true {
            _ = try rename(other, to: Self.takenOut)
        }
        // It sorts by its version among those without a count once it has none itself.
        let rivals = others.values.filter { $0.count == nil }
        if !rivals.allSatisfy({ entry.precedes($0) }) {
            entry = try newer(entry, than: Array(found.values))
        }
        _ = try rename(entry, to: nil)
    }

    public func disarm() throws(SlotError) {
        let found = try found()
        let confirmed = try confirmed(in: found)
        for (slot, entry) in found.sorted(by: { $0.key < $1.key }) where slot != confirmed.slot {
            _ = try rename(entry, to: Self.takenOut)
        }
    }

    /// No boots left and none had: in no boot order, and not a trial that failed.
    private static let takenOut = BootEntry.Count(left: 0, done: 0)
}

// MARK: - The files

extension SystemdBoot {
    private func path(_ entry: BootEntry) -> String { "\(folder)/\(entry.fileName)" }

    /// The entry of each slot that has one.
    ///
    /// - Throws: ``SlotError/malformed(path:problem:)`` when a slot has two.
    private func found() throws(SlotError) -> [SlotName: BootEntry] {
        var found: [SlotName: BootEntry] = [:]
        for fileName in try disk.names(in: folder).sorted() {
            guard let (id, count) = BootEntry.parse(fileName),
                let slot = entries.first(where: { $0.value == id })?.key
            else { continue }
            guard let bytes = try DurableFile.read("\(folder)/\(fileName)", on: disk) else {
                throw .missing(path: "\(folder)/\(fileName)")
            }
            if let other = found[slot] {
                throw .malformed(
                    path: folder,
                    problem: "slot \(slot) has both \(other.fileName) and \(fileName)")
            }
            guard !bytes.isEmpty else {
                throw .malformed(path: "\(folder)/\(fileName)", problem: "it is empty")
            }
            let lines = String(decoding: bytes, as: UTF8.self)
                .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            found[slot] = BootEntry(
                id: id, fileName: fileName, count: count,
                lines: lines.map(String.init).reversed().drop { $0.isEmpty }.reversed())
        }
        return found
    }

    private func entry(
        of slot: SlotName, in found: [SlotName: BootEntry]
    ) throws(SlotError) -> BootEntry {
        guard let entry = found[slot] else {
            throw .missing(path: "\(folder)/\(entries[slot] ?? slot.text).conf")
        }
        return entry
    }

    /// The one without a count that the loader takes first.
    private func confirmed(
        in found: [SlotName: BootEntry]
    ) throws(SlotError) -> (slot: SlotName, entry: BootEntry) {
        let good = found.filter { $0.value.count == nil }
        guard let first = good.min(by: { $0.value.precedes($1.value) }) else {
            throw .malformed(path: folder, problem: "no slot has an entry without a count")
        }
        return (first.key, first.value)
    }

    /// Entries of other keys are not sorted by their versions.
    private func refuseOtherKeys(_ one: BootEntry, _ other: BootEntry) throws(SlotError) {
        for key in ["sort-key", "machine-id"] where one.value(key) != other.value(key) {
            throw .malformed(
                path: folder,
                problem: "\(one.fileName) and \(other.fileName) have not the same \(key)")
        }
        guard one.value("sort-key") != nil else {
            throw .malformed(
                path: path(one), problem: "it has no sort-key, so its version is not looked at")
        }
    }

    /// Gives the entry the newest version of all, under the name that it has.
    private func newer(
        _ entry: BootEntry, than all: [BootEntry]
    ) throws(SlotError) -> BootEntry {
        let version = (all.map(\.version).max() ?? entry.version).next
        let text = entry.text(version: version)
        try DurableFile.replace(path(entry), with: Array(text.utf8), permissions: 0o644, on: disk)
        return BootEntry(
            id: entry.id, fileName: entry.fileName, count: entry.count,
            lines: text.split(separator: "\n").map(String.init))
    }

    private func rename(
        _ entry: BootEntry, to count: BootEntry.Count?
    ) throws(SlotError) -> BootEntry {
        let renamed = BootEntry(
            id: entry.id, fileName: "\(entry.id)\(count?.suffix ?? "").conf", count: count,
            lines: entry.lines)
        if renamed.fileName != entry.fileName {
            try disk.rename(path(entry), to: path(renamed))
        }
        try sync(path(renamed))
        return renamed
    }

    /// Makes the name of a file durable; an earlier call may have been killed before it could.
    private func sync(_ path: String) throws(SlotError) {
        try disk.open(path, .read).sync()
        try disk.syncDirectory(folder)
    }
}
