internal import CLZMA

/// The `.xz` format, one stream or several behind each other, every integrity check checked.
@safe final class XZDecoder: Decoder {
    /// The library keeps the address, so the value must not move; ended in `deinit`.
    private let stream: UnsafeMutablePointer<lzma_stream>
    private let limits: DecoderLimits
    private(set) var decodedByteCount: Int64 = 0

    /// What the decoder takes besides the window, as `xz --list -vv` tells it for `xz -9`; in bytes.
    private static let overheadBytes = 2_097_152

    init(limits: DecoderLimits) throws(CodecError) {
        unsafe stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
        self.limits = limits
        unsafe slipway_lzma_clear(stream)
        let memory = UInt64(limits.windowBytes + Self.overheadBytes)
        let code = unsafe lzma_stream_decoder(stream, memory, slipway_lzma_flags)
        guard code == LZMA_OK else { throw error(code) }
    }

    deinit {
        unsafe lzma_end(stream)
        unsafe stream.deallocate()
    }

    func decode(_ bytes: [UInt8], receive: ([UInt8]) -> Bool) throws(CodecError) {
        try run(bytes, LZMA_RUN, receive)
    }

    func finish(receive: ([UInt8]) -> Bool) throws(CodecError) {
        try run([], LZMA_FINISH, receive)
    }

    private func run(
        _ bytes: [UInt8], _ action: lzma_action, _ receive: ([UInt8]) -> Bool
    ) throws(CodecError) {
        var taken = 0
        while true {
            let (piece, isFull, code) = next(bytes, &taken, action)
            decodedByteCount = try OutputPiece.counted(piece, limits, done: decodedByteCount)
            guard piece.isEmpty || receive(piece) else { return }
            switch code {
            case LZMA_STREAM_END: return
            case LZMA_OK: if taken == bytes.count, !isFull, action == LZMA_RUN { return }
            // The library has had all there is and could do nothing: fine, unless that was the end.
            case LZMA_BUF_ERROR where action == LZMA_RUN: return
            default: throw error(code)
            }
        }
    }

    private func next(
        _ bytes: [UInt8], _ taken: inout Int, _ action: lzma_action
    ) -> (piece: [UInt8], isFull: Bool, code: lzma_ret) {
        let capacity = OutputPiece.capacity(limits, done: decodedByteCount)
        var place = taken
        var code = LZMA_OK
        let piece = unsafe bytes.withUnsafeBufferPointer { raw in
            unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                unsafe stream.pointee.next_in = raw.baseAddress.map { unsafe $0 + place }
                unsafe stream.pointee.avail_in = raw.count - place
                unsafe stream.pointee.next_out = buffer.baseAddress
                unsafe stream.pointee.avail_out = capacity
                code = unsafe lzma_code(stream, action)
                place = unsafe raw.count - stream.pointee.avail_in
                count = unsafe capacity - stream.pointee.avail_out
            }
        }
        taken = place
        return (piece, piece.count == capacity, code)
    }

    private func error(_ code: lzma_ret) -> CodecError {
        switch code {
        case LZMA_MEMLIMIT_ERROR: .needsMoreMemory(limitBytes: limits.windowBytes)
        case LZMA_MEM_ERROR: .failed("no memory")
        case LZMA_FORMAT_ERROR: .corrupt("it is not in the xz format")
        case LZMA_DATA_ERROR: .corrupt("a check of the xz format fails")
        case LZMA_OPTIONS_ERROR: .corrupt("it asks for what this library cannot do")
        case LZMA_BUF_ERROR: .truncated
        default: .failed("liblzma says \(code.rawValue)")
        }
    }
}
