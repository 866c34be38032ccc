public import Model

extension Payload.Format {
    /// What turns an image of this format into the slot's bytes; `nil` where nothing has to.
    ///
    /// - Throws: ``CodecError`` when the library fails.
    public func decoder(limits: DecoderLimits) throws(CodecError) -> (any Decoder)? {
        switch self {
        case .zstd: try ZstdDecoder(limits: limits)
        case .xz: try XZDecoder(limits: limits)
        case .raw, .tar, .installer: nil
        }
    }
}
