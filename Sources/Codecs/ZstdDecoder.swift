internal import CZstd

/// Zstandard, one frame or several behind each other.
@safe final class ZstdDecoder: Decoder {
    /// Freed in `deinit` and nowhere else.
    private let context: OpaquePointer
    private let limits: DecoderLimits
    private(set) var decodedByteCount: Int64 = 0
    /// Whether what was taken ends where a frame does; nothing at all does not.
    private var isAtEnd = false

    init(limits: DecoderLimits) throws(CodecError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .failed("no memory") }
        unsafe self.context = context
        self.limits = limits
        let logarithm = Int32(Int.bitWidth - 1 - limits.windowBytes.leadingZeroBitCount)
        try check(unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, logarithm))
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    func decode(_ bytes: [UInt8], receive: ([UInt8]) -> Bool) throws(CodecError) {
        var taken = 0
        // Where a piece came out full, more may come without another byte of input.
        var isFull = false
        while taken < bytes.count || isFull {
            let piece = try next(bytes, &taken, isFull: &isFull)
            decodedByteCount = try OutputPiece.counted(piece, limits, done: decodedByteCount)
            guard piece.isEmpty || receive(piece) else { return }
        }
    }

    func finish(receive: ([UInt8]) -> Bool) throws(CodecError) {
        guard isAtEnd else { throw .truncated }
    }

    private func next(
        _ bytes: [UInt8], _ taken: inout Int, isFull: inout Bool
    ) throws(CodecError) -> [UInt8] {
        let capacity = OutputPiece.capacity(limits, done: decodedByteCount)
        var place = taken
        var code = 0
        let piece = unsafe bytes.withUnsafeBytes { raw in
            unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                var input = unsafe ZSTD_inBuffer(
                    src: raw.baseAddress, size: raw.count, pos: place)
                var output = unsafe ZSTD_outBuffer(
                    dst: buffer.baseAddress, size: capacity, pos: 0)
                code = unsafe ZSTD_decompressStream(context, &output, &input)
                place = unsafe input.pos
                count = unsafe output.pos
            }
        }
        try check(code)
        taken = place
        isAtEnd = code == 0
        isFull = piece.count == capacity && !isAtEnd
        return piece
    }

    private func check(_ code: Int) throws(CodecError) {
        guard ZSTD_isError(code) != 0 else { return }
        switch ZSTD_getErrorCode(code) {
        case ZSTD_error_frameParameter_windowTooLarge:
            throw .needsMoreMemory(limitBytes: limits.windowBytes)
        case ZSTD_error_memory_allocation: throw .failed("no memory")
        default: throw .corrupt(unsafe String(cString: ZSTD_getErrorName(code)))
        }
    }
}
