internal import Glibc
public import Model
internal import Trust

/// The SHA-256 and the length of a file, read once and in pieces: memory does not grow with it.
public struct FileDigest: Hashable, Sendable {
    public let sha256: Digest
    /// In bytes.
    public let length: Int64

    private static let pieceBytes = 262_144

    /// Reads from where the descriptor stands to the end, and writes the same bytes to `copy`.
    ///
    /// The bytes that are written are those that the digest was computed over, even when somebody
    /// else changes the file meanwhile. They are not durable before the caller syncs them.
    ///
    /// - Parameters:
    ///   - source: An open file descriptor that blocks, as those of files do.
    ///   - copy: Another; `nil` for no copy.
    public init(of source: Int32, copyingTo copy: Int32? = nil) throws(FileDigestError) {
        let context = DigestContext(.sha256)
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        var length: Int64 = 0
        while true {
            let count = unsafe Glibc.read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .cannotRead(errno: errno) }
            guard count > 0 else { break }
            context.update(buffer[..<count])
            if let copy { try Self.write(buffer[..<count], to: copy) }
            length += Int64(count)
        }
        guard let sha256 = Digest(bytes: context.finish()) else {
            preconditionFailure("a SHA-256 has 32 bytes")
        }
        self.sha256 = sha256
        self.length = length
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>, to copy: Int32
    ) throws(FileDigestError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { rest in
                unsafe Glibc.write(copy, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(errno: errno) }
            rest = rest.dropFirst(count)
        }
    }
}

/// Why a file was not read, or not copied; with the system's error number.
public enum FileDigestError: Error, Hashable, Sendable {
    case cannotRead(errno: Int32)
    case cannotWrite(errno: Int32)
}

extension FileDigestError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotRead(let number): "cannot be read: \(Self.text(of: number))"
        case .cannotWrite(let number): "cannot be written: \(Self.text(of: number))"
        }
    }

    private static func text(of number: Int32) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
