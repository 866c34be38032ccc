internal import Agent
internal import Codecs
internal import Model

/// One image on its way into a slot.
final class RawImage {
    private let slot: SlotName
    private let payload: Payload
    private let file: any DiskFile
    /// Keeps the device from being mounted meanwhile.
    private let claim: DeviceClaim?
    private let spool: Spool?
    private let disk: any Disk
    private let decoder: (any Decoder)?
    /// Bytes of the image that were taken, and of the slot that were written.
    private var taken: Int64 = 0
    private var written: Int64 = 0
    private var isNamed = false
    /// What was taken is not what is in the slot: nothing can go on from here.
    private var isBroken = false

    init(
        _ slot: SlotName, _ payload: Payload, length: Int64, file: any DiskFile,
        claim: DeviceClaim?, spool: Spool?, windowBytes: Int, on disk: any Disk
    ) throws(SlotError) {
        self.slot = slot
        self.payload = payload
        self.file = file
        self.claim = claim
        self.spool = spool
        self.disk = disk
        do throws(CodecError) {
            decoder = try payload.format.decoder(
                limits: DecoderLimits(
                    outputBytes: payload.installedLength, windowBytes: windowBytes))
        } catch { throw SlotError(error, file.path) }
    }

    /// Whether the next byte that it takes is the one at `offset` of the same image.
    func goesOn(_ slot: SlotName, _ payload: Payload, at offset: Int64) -> Bool {
        self.slot == slot && self.payload == payload && taken == offset && outlivesItsTry
    }

    /// A decompressor that has come so far is worth keeping; to open a file again costs nothing.
    var outlivesItsTry: Bool { decoder != nil && taken > 0 && !isBroken }

    /// Goes on behind the first `offset` bytes of the image where they can still be read.
    ///
    /// - Returns: How many of them were handed on.
    func resume(at offset: Int64, kept: ([UInt8]) -> Void) throws(SlotError) -> Int64 {
        if decoder == nil {
            try file.forEachPiece(upTo: offset, receive: kept)
            (taken, written) = (offset, offset)
            return offset
        }
        guard let spool else { return 0 }
        var problem: SlotError?
        taken = try spool.resume(at: offset) { piece in
            kept(piece)
            guard problem == nil else { return }
            do throws(SlotError) { try decode(piece) } catch { problem = error }
        }
        if let problem { throw problem }
        return taken
    }

    func write(_ bytes: [UInt8]) throws(SlotError) {
        do throws(SlotError) {
            try spool?.write(bytes)
            if decoder == nil { try put(bytes) } else { try decode(bytes) }
        } catch {
            isBroken = true
            throw error
        }
        taken += Int64(bytes.count)
    }

    private func decode(_ bytes: [UInt8]) throws(SlotError) {
        guard let decoder else { return }
        try take { receive throws(CodecError) in try decoder.decode(bytes, receive: receive) }
    }

    /// Writes what the decompressor hands on, until one of the two fails.
    private func take(
        _ body: ((([UInt8]) -> Bool) throws(CodecError) -> Void)
    ) throws(SlotError) {
        var problem: SlotError?
        do throws(CodecError) {
            try body { piece in
                do throws(SlotError) { try put(piece) } catch { problem = error }
                return problem == nil
            }
        } catch { throw SlotError(error, file.path) }
        if let problem { throw problem }
    }

    private func put(_ bytes: [UInt8]) throws(SlotError) {
        try file.write(bytes, at: written)
        written += Int64(bytes.count)
        try file.settle(upTo: written)
    }

    func sync() throws(SlotError) {
        do throws(SlotError) {
            try file.sync()
            try file.forgetCache()
            try syncName()
            try spool?.sync()
        } catch {
            // What the medium did not take is not asked for again: the pages count as clean now.
            isBroken = true
            throw error
        }
    }

    /// A file that has just been made needs its name.
    private func syncName() throws(SlotError) {
        guard !isNamed, !file.path.hasPrefix("/dev/") else { return }
        try disk.syncDirectory(DurableFile.directory(of: file.path))
        isNamed = true
    }

    /// Makes sure that the slot holds all of the image, durably.
    func finish() throws(SlotError) {
        if let decoder {
            try take { receive throws(CodecError) in try decoder.finish(receive: receive) }
        }
        guard written == payload.installedLength else {
            throw .malformed(
                path: file.path,
                problem: "the image became \(written) bytes and not \(payload.installedLength)")
        }
        try sync()
    }
}

extension SlotError {
    /// An image that cannot be decompressed, on its way to the slot at `path`.
    fileprivate init(_ error: CodecError, _ path: String) {
        self = .failed(operation: "decompress the image for", path: path, reason: "\(error)")
    }
}
