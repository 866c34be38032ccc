public import Agent
public import Slots

extension CrashingDisk {
    public func open(_ path: String, _ access: DiskAccess) throws(SlotError) -> any DiskFile {
        try refuseWithoutPower(path)
        switch (live.names[path], access) {
        case (.directory, _):
            throw .failed(operation: "open", path: path, reason: "Is a directory")
        case (.link(let target), _):
            return try open(target.hasPrefix("/") ? target : "\(parent(path))/\(target)", access)
        case (.file, .create):
            throw .failed(operation: "open", path: path, reason: "File exists")
        case (.file(let file), _):
            if access != .read { try refuseImmutable(path) }
            return CrashingFile(file, path, on: self)
        case (nil, .read), (nil, .update): throw .missing(path: path)
        case (nil, .make), (nil, .create): return try make(path)
        }
    }

    private func make(_ path: String) throws(SlotError) -> CrashingFile {
        try refuseWithoutParent(path)
        try refuseWithoutRoom(path)
        let file = newFile()
        // A variable is none of the firmware's before it is written.
        let change = Pending.names(
            [path: .file(file)], files: [file], directories: [parent(path)])
        try self.change("make", path, [change])
        return CrashingFile(file, path, on: self)
    }

    private func refuseWithoutParent(_ path: String) throws(SlotError) {
        guard live.names[parent(path)] == .directory else { throw .missing(path: path) }
    }

    public func entry(_ path: String) throws(SlotError) -> DiskEntry? {
        try refuseWithoutPower(path)
        switch live.names[path] {
        case nil: return nil
        case .directory: return .directory
        case .link(let target): return .link(target: target)
        case .file(let file): return .file(length: Int64(live.contents[file]?.count ?? 0))
        }
    }

    public func permissions(of path: String) throws(SlotError) -> UInt32 {
        try refuseWithoutPower(path)
        guard let entry = live.names[path] else { throw .missing(path: path) }
        return entry == .directory ? 0o755 : 0o644
    }

    public func names(in directory: String) throws(SlotError) -> [String] {
        try refuseWithoutPower(directory)
        guard live.names[directory] == .directory else { throw .missing(path: directory) }
        return live.names.keys.filter { $0 != "/" && parent($0) == directory }
            .map { String($0.dropFirst(directory == "/" ? 1 : directory.count + 1)) }.sorted()
    }

    public func rename(_ path: String, to new: String) throws(SlotError) {
        try refuseWithoutPower(path)
        guard let entry = live.names[path] else { throw .missing(path: path) }
        guard path != new else { return }
        try refuseWithoutParent(new)
        guard entry != .directory || live.names[new] == nil else {
            throw .failed(operation: "rename to", path: new, reason: "File exists")
        }
        var changes: [String: Medium.Entry?] = [path: nil, new: entry]
        // What is in a directory goes with it.
        for (name, inside) in live.names where name.hasPrefix("\(path)/") {
            changes[name] = .some(nil)
            changes[new + name.dropFirst(path.count)] = inside
        }
        try change(
            "rename \(path) to", new,
            [.names(changes, files: files(entry), directories: [parent(path), parent(new)])])
    }

    private func files(_ entry: Medium.Entry) -> Set<Int> {
        if case .file(let file) = entry { [file] } else { [] }
    }

    public func remove(_ path: String) throws(SlotError) {
        try refuseWithoutPower(path)
        guard let entry = live.names[path] else { return }
        try refuseImmutable(path)
        if isVariable(path), case .file(let file) = entry {
            return try setVariable("remove", path, file, nil)
        }
        guard entry != .directory else {
            throw .failed(operation: "remove", path: path, reason: "Is a directory")
        }
        try change(
            "remove", path, [.names([path: nil], files: [], directories: [parent(path)])])
    }

    public func removeDirectory(_ path: String) throws(SlotError) {
        try refuseWithoutPower(path)
        guard live.names[path] != nil else { return }
        guard try names(in: path).isEmpty else {
            throw .failed(
                operation: "remove the directory", path: path, reason: "Directory not empty")
        }
        moveUp(path)
        try change(
            "remove the directory", path,
            [.names([path: nil], files: [], directories: [parent(path)])])
    }

    public func makeDirectory(_ path: String, permissions: UInt32) throws(SlotError) {
        try refuseWithoutPower(path)
        guard live.names[path] == nil else { return }
        try refuseWithoutParent(path)
        try change(
            "make the directory", path,
            [.names([path: .directory], files: [], directories: [parent(path)])])
    }

    public func makeLink(_ path: String, to target: String) throws(SlotError) {
        try refuseWithoutPower(path)
        try refuseWithoutParent(path)
        guard live.names[path] == nil else {
            throw .failed(operation: "link", path: path, reason: "File exists")
        }
        try change(
            "link", path,
            [.names([path: .link(target: target)], files: [], directories: [parent(path)])])
    }

    public func syncDirectory(_ path: String) throws(SlotError) {
        guard live.names[path] == .directory else { throw .missing(path: path) }
        try sync("sync the directory", path) { change in
            guard case .names(let names, let files, var directories) = change else { return false }
            directories.remove(path)
            change = .names(names, files: files, directories: directories)
            return files.isEmpty && directories.isEmpty
        }
    }

    public func clearImmutableFlag(_ path: String) throws(SlotError) {
        try refuseWithoutPower(path)
        guard live.names[path] != nil else { throw .missing(path: path) }
        immutable.remove(path)
    }

    /// Whole and at once: in the call of a cut it happened or it did not.
    func setVariable(
        _ words: String, _ path: String, _ file: Int, _ bytes: [UInt8]?
    ) throws(SlotError) {
        try change(words, path, [.variable(file: file, path: path, bytes: bytes)])
        settleVariables()
    }
}

/// An open file of a ``CrashingDisk``.
private final class CrashingFile: DiskFile {
    private let file: Int
    private let disk: CrashingDisk
    let path: String

    init(_ file: Int, _ path: String, on disk: CrashingDisk) {
        self.file = file
        self.path = path
        self.disk = disk
    }

    private var content: [UInt8] { disk.live.contents[file] ?? [] }

    func length() throws(SlotError) -> Int64 {
        try disk.refuseWithoutPower(path)
        return Int64(content.count)
    }

    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8] {
        try disk.refuseWithoutPower(path)
        guard offset < content.count else { return [] }
        return Array(content[Int(offset)...].prefix(maximum))
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError) {
        guard !disk.isVariable(path) else {
            return try disk.setVariable("write", path, file, bytes)
        }
        try disk.refuseWithoutRoom(path)
        let bytes = disk.spoils?(path, bytes) ?? bytes
        var pieces: [Pending] = []
        var done = 0
        while done < bytes.count {
            let place = Int(offset) + done
            let left = CrashingDisk.sectorByteCount - place % CrashingDisk.sectorByteCount
            let piece = Array(bytes[done...].prefix(left))
            pieces.append(.piece(file: file, offset: place, bytes: piece))
            done += piece.count
        }
        try disk.change("write", path, pieces)
    }

    func allocate(length: Int64) throws(SlotError) {
        guard content.count != Int(length) else { return }
        try disk.refuseWithoutRoom(path)
        try disk.change("allocate", path, [.length(file: file, Int(length))])
    }

    func sync() throws(SlotError) {
        guard !disk.isVariable(path) else {
            throw .failed(operation: "sync", path: path, reason: "Invalid argument")
        }
        try disk.sync("sync", path) { [file] change in
            switch change {
            case .piece(file, _, _), .length(file, _): return true
            case .piece, .length, .variable: return false
            case .names(let names, var files, let directories):
                files.remove(file)
                change = .names(names, files: files, directories: directories)
                return files.isEmpty && directories.isEmpty
            }
        }
    }

    func forgetCache() throws(SlotError) { try disk.refuseWithoutPower(path) }
}
