internal import Agent
internal import Glibc

/// The address of a socket of this machine.
struct UnixAddress {
    private var address = sockaddr_un()
    private var length: socklen_t = 0
    /// Kept open while the address is used: a path that is too long leads through it.
    private var directory: Int32 = -1

    /// - Parameter text: A path, or a name after an `@` for one that no file stands for.
    init(_ text: String) throws(SlotError) {
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "@") {
            bytes[0] = 0
        } else if bytes.count >= Self.maximumByteCount {
            bytes = Array(try throughDirectory(text).utf8)
        }
        guard !bytes.isEmpty, bytes.count < Self.maximumByteCount else {
            throw .malformed(path: text, problem: "it is not the address of a socket")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        // A name ends with its last byte, a path with a zero.
        let end = bytes[0] == 0 ? 0 : 1
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + end)
    }

    private static let maximumByteCount = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    private mutating func throughDirectory(_ path: String) throws(SlotError) -> String {
        let folder = DurableFile.directory(of: path)
        directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SlotError(errno, "open", folder) }
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        return "/proc/self/fd/\(directory)/\(name)"
    }

    /// Hands the address to a call of the operating system.
    consuming func use(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        defer { if directory >= 0 { close(directory) } }
        let length = length
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, length)
            }
        }
    }
}
