public import Agent
public import Model
internal import Wire

/// Opens bundles that are files of the machine, such as one on a stick.
public struct BundleFiles: BundleOpener {
    private let disk: any Disk

    public init(on disk: any Disk = LinuxDisk()) { self.disk = disk }

    public func open(_ path: String) throws(TransportError) -> any CarriedUpdate {
        try BundleFile(path, on: disk)
    }
}

/// An update in one file, read piece by piece; memory does not grow with it.
///
/// The format is told by `BundleManifest`. What the file says of itself is held to its limits and to
/// the file's own length, and to nothing else: whoever reads it trusts none of it.
public final class BundleFile: CarriedUpdate {
    private let file: any DiskFile
    private let head: BundleHead

    private static let pieceByteCount: Int64 = 262_144
    /// How much is read between two times that the kernel is told to forget it, in bytes.
    private static let forgottenByteCount: Int64 = 8_388_608

    /// Opens the bundle and reads what it says of itself.
    ///
    /// - Throws: ``TransportError/bundle(_:)`` when it is none, or is shorter or longer than it says.
    public init(_ path: String, on disk: any Disk = LinuxDisk()) throws(TransportError) {
        do {
            switch try disk.entry(path) {
            case .none, .file, .link, .blockDevice: break
            // Some devices begin to do something as soon as they are opened.
            case .directory, .other: throw TransportError.bundle("\(path) is no file")
            }
            let file = try disk.open(path, .read)
            let beginning = try file.read(at: 0, maximum: BundleHead.linesByteCount)
            let count = try BundleHead.byteCount(from: beginning)
            let head = try BundleHead(parsing: file.allBytes(at: 0, count: count))
            guard let total = head.totalByteCount, try file.length() == total else {
                throw TransportError.bundle("\(path): it is not as long as it says")
            }
            self.file = file
            self.head = head
        } catch let error as TransportError { throw error } catch let error as SlotError {
            throw .bundle("\(error)")
        } catch { throw .bundle("\(path): \(error)") }
    }

    public var release: ReleaseID { head.manifest.release }
    public var image: ImageReference { head.manifest.image }

    public func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        guard let range = head.range(of: name) else { return nil }
        guard range.count <= limitBytes else { throw .tooLong }
        do throws(SlotError) {
            return try file.allBytes(at: range.lowerBound, count: range.count)
        } catch { throw .bundle("\(error)") }
    }

    public func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        guard path == image.path.text || path == image.path.prefixed(by: image.sha256) else {
            return .absent
        }
        guard offset <= image.length else { return .cannotResume }
        guard image.length - offset <= maximumBytes else { throw .tooLong }
        var done = offset
        while done < image.length {
            let piece = try piece(at: done)
            done += Int64(piece.count)
            guard receive(piece) else { return .stopped }
        }
        return .complete
    }

    private func piece(at offset: Int64) throws(TransportError) -> [UInt8] {
        let count = min(Self.pieceByteCount, image.length - offset)
        do throws(SlotError) {
            // What is read once must not drive out what the device works with.
            if offset % Self.forgottenByteCount < count { try file.forgetCache() }
            return try file.allBytes(at: head.imageOffset + offset, count: Int(count))
        } catch { throw .bundle("\(error)") }
    }
}

extension DiskFile {
    /// All `count` bytes from `offset` on.
    fileprivate func allBytes(at offset: Int64, count: Int) throws(SlotError) -> [UInt8] {
        let bytes = try bytes(at: offset, count: count)
        guard bytes.count == count else {
            throw .malformed(path: path, problem: "it ends \(count - bytes.count) bytes early")
        }
        return bytes
    }
}
