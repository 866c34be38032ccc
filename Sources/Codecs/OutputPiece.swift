/// How a decoder's output is cut into pieces, and where it ends.
struct OutputPiece {
    static let byteCount = 262_144

    /// How much room to give to the library: one byte more than may come tells of too many.
    static func capacity(_ limits: DecoderLimits, done: Int64) -> Int {
        Int(min(Int64(byteCount), limits.outputBytes - done + 1))
    }

    /// Counts a piece before it is handed on.
    static func counted(
        _ piece: [UInt8], _ limits: DecoderLimits, done: Int64
    ) throws(CodecError) -> Int64 {
        let count = done + Int64(piece.count)
        guard count <= limits.outputBytes else { throw .tooLong(limitBytes: limits.outputBytes) }
        return count
    }
}
