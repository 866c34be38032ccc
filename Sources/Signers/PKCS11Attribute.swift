internal import CPKCS11

/// What an object must have to be found.
struct PKCS11Attribute {
    let type: CK_ULONG
    let value: [UInt8]

    /// Calls `body` with the attributes as C knows them, which must not outlive the call.
    @unsafe static func withTemplate(
        _ attributes: [PKCS11Attribute],
        _ body: (UnsafeBufferPointer<CK_ATTRIBUTE>) throws(PKCS11Error) -> Void
    ) throws(PKCS11Error) {
        // A module may read a number where a value stands, so each stands where a number may.
        let alignment = MemoryLayout<CK_ULONG>.alignment
        let strides = attributes.map { max(1, ($0.value.count + alignment - 1) / alignment) }
        let values = UnsafeMutableRawBufferPointer.allocate(
            byteCount: strides.reduce(0, +) * alignment, alignment: alignment)
        defer { unsafe values.deallocate() }
        var template: [CK_ATTRIBUTE] = unsafe []
        var offset = 0
        for (attribute, stride) in zip(attributes, strides) {
            let room = unsafe UnsafeMutableRawBufferPointer(
                rebasing: values[offset..<offset + stride * alignment])
            unsafe room.copyBytes(from: attribute.value)
            unsafe template.append(
                CK_ATTRIBUTE(
                    type: attribute.type, pValue: room.baseAddress,
                    ulValueLen: CK_ULONG(attribute.value.count)))
            offset += stride * alignment
        }
        try unsafe template.withUnsafeBufferPointer { buffer throws(PKCS11Error) in
            try unsafe body(buffer)
        }
    }
}
