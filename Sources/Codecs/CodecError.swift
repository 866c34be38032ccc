/// Why compressed bytes are not what they should be.
public enum CodecError: Error, Hashable, Sendable {
    /// Not of the format, damaged, or followed by something else; in the library's words.
    case corrupt(String)
    /// They end before the last frame does.
    case truncated
    /// They become more bytes than they may.
    case tooLong(limitBytes: Int64)
    /// Decompressing them takes more memory than there is for it.
    case needsMoreMemory(limitBytes: Int)
    /// The library itself failed.
    case failed(String)
}

extension CodecError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .corrupt(let reason): "the compressed image is damaged: \(reason)"
        case .truncated: "the compressed image ends early"
        case .tooLong(let limit): "the compressed image becomes more than \(limit) bytes"
        case .needsMoreMemory(let limit):
            "decompressing the image takes more than the \(limit) bytes of memory that it may"
        case .failed(let reason): "the image cannot be decompressed: \(reason)"
        }
    }
}
