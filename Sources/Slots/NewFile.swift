public import Agent
internal import Glibc

/// A file that is written piece by piece and appears whole or not at all.
///
/// Until it is kept, it has no name, so that not even a killed process leaves anything behind.
public final class NewFile {
    private let file: File
    private let directory: String

    /// - Parameter directory: Where the file is to appear; a file system that can hold files
    ///   without a name, as those of Linux can.
    public init(in directory: String) throws(SlotError) {
        file = try File(directory, .unnamed(permissions: 0o644))
        self.directory = directory
    }

    public func write(_ bytes: [UInt8]) throws(SlotError) { try file.write(bytes) }

    /// Gives the file its name, in place of one that has it; durable when it returns.
    public func keep(as name: String) throws(SlotError) {
        try file.sync()
        let path = "\(directory)/\(name)"
        if (try? file.link(to: path)) == nil { try replace(path, by: "\(directory)/.+\(name)") }
        try File(directory, .read).sync()
    }

    /// A link cannot take the place of a file, a rename can.
    ///
    /// - Parameter new: The same for every process, so that what a killed one left is swept by the
    ///   next; and nobody else's, for no percent-encoded name has a plus sign.
    private func replace(_ path: String, by new: String) throws(SlotError) {
        unsafe unlink(new)
        try file.link(to: new)
        guard unsafe rename(new, path) == 0 else {
            let code = errno
            unsafe unlink(new)
            throw SlotError(code, "rename to", path)
        }
    }
}
