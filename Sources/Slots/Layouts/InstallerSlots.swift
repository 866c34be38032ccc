public import Agent
internal import Glibc
public import Model

/// Slots that another program fills: a RAUC bundle, a `.swu`, a Mender payload, anything.
///
/// The file is fetched whole into the spool, and found to be the signed one, before the program is
/// started. Which slot it fills is for the program to obey; `{file}` and `{slot}` in its arguments
/// stand for the file and for what it calls the slot.
///
/// ## What a power cut leaves
///
/// The record of the slot is removed before the first byte and written after the program has ended
/// with 0, everything was synced, and the slot said of itself what it did just after the installation.
/// A cut before leaves a slot without a record, and the program is started again, with the same
/// file: it must be able to begin anew over what it left.
public final class InstallerSlots: SlotSet {
    private let slots: [SlotName: String]
    private let spoolFolder: String
    private let records: ContentRecords
    private let installation: [String]
    private let identification: [String]
    private let timeout: Duration
    private let disk: any Disk
    private var writing: (slot: SlotName, spool: Spool)?

    /// - Parameters:
    ///   - slots: Of exactly two slots, what the program calls them.
    ///   - spoolFolder: Keeps the file until it is installed.
    ///   - install: The program and its arguments.
    ///   - identify: A program that prints what the slot holds, in words or digests that change when
    ///     that does, and nothing else; at most 4095 bytes. When it is empty, the slot is believed to
    ///     hold what was installed last.
    ///   - timeout: Of each run; then the program and its children are killed.
    public init(
        _ slots: [SlotName: String], spoolFolder: String, recordFolder: String,
        install: [String], identify: [String], timeout: Duration, on disk: any Disk = LinuxDisk()
    ) {
        precondition(slots.count == 2, "an update needs a slot to write while the other runs")
        precondition(!install.isEmpty, "a command has a program")
        self.slots = slots
        self.spoolFolder = spoolFolder
        installation = install
        identification = identify
        self.timeout = timeout
        self.disk = disk
        records = ContentRecords(folder: recordFolder, on: disk)
    }

    public func takes(_ format: Payload.Format) -> Bool { format == .installer }

    public func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        try slots.spare(besides: booted)
    }

    public func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        _ = try name(of: slot)
        let spool = try Spool(spoolPath(of: slot), length: length, on: disk)
        let began = try spool.resume(at: offset, kept: kept)
        writing = (slot, spool)
        return began
    }

    public func write(_ bytes: [UInt8]) throws(SlotError) { try open().spool.write(bytes) }

    public func sync() throws(SlotError) { try open().spool.sync() }

    public func finish(describe: ([UInt8]) -> Void) throws(SlotError) {
        let (slot, path) = (open().slot, open().spool.path)
        // RAUC refuses a bundle that somebody else could still write to: it is closed first.
        writing = nil
        try run(installation, file: path, slot)
        // Not every installer syncs what it wrote, and nobody knows where that was.
        Glibc.sync()
        try identify(slot, receive: describe)
    }

    public func end() { writing = nil }

    private func open() -> (slot: SlotName, spool: Spool) {
        guard let writing else { preconditionFailure("begin() comes before writing to a slot") }
        return writing
    }

    /// Hands on what the slot says of itself; whatever its `length`, all of it.
    public func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        try identify(slot, receive: receive)
    }

    private func identify(_ slot: SlotName, receive: ([UInt8]) -> Void) throws(SlotError) {
        guard !identification.isEmpty else { return }
        let answer = try run(identification, file: "", slot)
        guard answer.count < ChildProcess.keptOutputBytes else {
            throw .malformed(path: identification[0], problem: "it prints more than 4095 bytes")
        }
        receive(answer)
    }

    /// - Returns: What the program printed; its complaints go where the agent's go.
    @discardableResult
    private func run(
        _ command: [String], file: String, _ slot: SlotName
    ) throws(SlotError) -> [UInt8] {
        let name = try name(of: slot)
        let words = command.map { word in
            switch word {
            case "{file}": file
            case "{slot}": name
            default: word
            }
        }
        let setting = ChildProcess.Setting(complainsToOurs: command != installation)
        let end = try ChildProcess.run(words, timeout: timeout, setting: setting)
        switch end.outcome {
        case .exited(0): return end.output
        case .exited(let code):
            throw refused(command, "it exited with \(code): \(end.lastLine)")
        case .killed(let signal):
            throw refused(command, "it was killed by signal \(signal): \(end.lastLine)")
        case .timedOut:
            throw refused(command, "it did not end within \(timeout.components.seconds) s")
        }
    }

    private func refused(_ command: [String], _ reason: String) -> SlotError {
        .failed(operation: "run", path: command.joined(separator: " "), reason: reason)
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        _ = try name(of: slot)
        return try records.content(of: slot)
    }

    public func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        _ = try name(of: slot)
        try records.set(content, of: slot)
        // The slot holds it: the file has done its work.
        if content != nil { try DurableFile.remove(spoolPath(of: slot), on: disk) }
    }

    private func spoolPath(of slot: SlotName) -> String { "\(spoolFolder)/\(slot).image" }

    private func name(of slot: SlotName) throws(SlotError) -> String { try slots.called(slot) }
}
