/// Turns compressed bytes, as they arrive, into what they stand for.
///
/// Memory is bounded by the limit that it was made with and by one piece, whatever the length. It
/// stays on the thread that made it.
public protocol Decoder: AnyObject {
    /// How many bytes it has handed on.
    var decodedByteCount: Int64 { get }

    /// Takes the next compressed bytes and hands on what they become, in pieces, until `receive`
    /// says `false`: what comes after that is lost.
    ///
    /// - Throws: ``CodecError``; the decoder is of no use any more.
    func decode(_ bytes: [UInt8], receive: ([UInt8]) -> Bool) throws(CodecError)

    /// Makes sure that the bytes that were taken were all of it; hands on the last of them.
    ///
    /// - Throws: ``CodecError``.
    func finish(receive: ([UInt8]) -> Bool) throws(CodecError)
}

/// How much a decoder may take.
public struct DecoderLimits: Hashable, Sendable {
    /// Of decompressed bytes; the first one more ends it.
    public let outputBytes: Int64
    /// The largest window of the past that the compressed bytes may refer to; the decoder's memory
    /// is little more.
    public let windowBytes: Int

    /// Large enough for everything that `zstd` makes without `--long` or `--ultra`, and for `xz -8`.
    public static let standardWindowBytes = 33_554_432
    /// What a device may be configured to take; `xz -9` needs the most.
    public static let allowedWindowBytes = 1_048_576...67_108_864

    public init(outputBytes: Int64, windowBytes: Int = Self.standardWindowBytes) {
        precondition(outputBytes >= 0, "a limit is not negative")
        precondition(
            Self.allowedWindowBytes.contains(windowBytes), "the window is 1 MiB to 64 MiB")
        self.outputBytes = outputBytes
        self.windowBytes = windowBytes
    }
}
