internal import Agent

/// A directory with everything in it, as one sequence of bytes.
enum Tree {
    /// Hands on a description that changes when anything in the tree does.
    ///
    /// That is names, kinds, permissions, where links lead, and what files hold. Times and owners
    /// are not a part of it.
    ///
    /// Each entry is a line, in the order of the names' bytes, a directory before what is in it:
    ///
    ///     d MODE BYTES NAME
    ///     f MODE BYTES NAME LENGTH     and then the file's bytes
    ///     l BYTES NAME BYTES TARGET
    ///
    /// NAME is the path below the directory, MODE octal; BYTES says how long the text behind it is,
    /// so that no two trees have one description.
    ///
    /// Files are read from the medium. Memory is that of the names in the directories on one path.
    static func describe(
        _ directory: String, on disk: any Disk, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        try describe(directory, below: "", on: disk, receive: receive)
    }

    private static func describe(
        _ directory: String, below prefix: String, on disk: any Disk, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let names = try disk.names(in: directory)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for name in names {
            let path = "\(directory)/\(name)"
            let text = counted(prefix + name)
            switch try disk.entry(path) {
            case .directory:
                receive(line("d \(try mode(of: path, on: disk)) \(text)"))
                try describe(path, below: "\(prefix)\(name)/", on: disk, receive: receive)
            case .file(let length):
                receive(line("f \(try mode(of: path, on: disk)) \(text) \(length)"))
                try read(path, length: length, on: disk, receive: receive)
            case .link(let target):
                receive(line("l \(text) \(counted(target))"))
            case .blockDevice, .other, nil:
                throw .malformed(path: path, problem: "it is neither file, directory nor link")
            }
        }
    }

    private static func read(
        _ path: String, length: Int64, on disk: any Disk, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let file = try disk.open(path, .read)
        try file.forgetCache()
        try file.forEachPiece(upTo: length, receive: receive)
    }

    private static func counted(_ text: String) -> String { "\(text.utf8.count) \(text)" }

    private static func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    private static func mode(of path: String, on disk: any Disk) throws(SlotError) -> String {
        String(try disk.permissions(of: path), radix: 8)
    }

    /// Removes the directory and everything in it; one that is not there is gone already.
    static func remove(_ directory: String, on disk: any Disk) throws(SlotError) {
        switch try disk.entry(directory) {
        case nil: return
        case .directory: break
        case .file, .link, .blockDevice, .other: return try disk.remove(directory)
        }
        for name in try disk.names(in: directory) { try remove("\(directory)/\(name)", on: disk) }
        try disk.removeDirectory(directory)
    }
}
