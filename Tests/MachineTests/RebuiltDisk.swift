import Foundation

/// A disk in memory as a power cut leaves it, to which writes are applied and taken back again.
///
/// Whether a slot holds a whole image is known at any moment without reading it: for each slot and
/// each known image the sectors that differ are counted as they change. So a state costs what it
/// changes, and tens of thousands of them take seconds although each has the whole disk compared,
/// byte by byte, which no digest could do better. That is fast enough without optimisation, so that
/// this is a part of the tests and not a program of its own.
final class RebuiltDisk {
    /// A complete root file system that may boot.
    struct KnownImage {
        let name: String
        let bytes: Data
    }

    private let disk: UnsafeMutableRawBufferPointer
    private let images: [UnsafeRawBufferPointer]
    private let names: [String]
    private let slots: [Slot]
    /// For each slot and image, how many sectors differ.
    private var differing: [[Int]]
    let layout: DiskLayout
    /// Rises whenever something changes that a boot loader could read to decide.
    private(set) var bootAreaRevision = 0

    private struct Slot {
        let range: Range<Int>
        /// For each image, whether a sector differs from it.
        let differs: [UnsafeMutableBufferPointer<Bool>]
    }

    init(_ url: URL, images: [KnownImage]) throws {
        let bytes = try Data(contentsOf: url)
        disk = Self.copy(bytes)
        layout = try DiskLayout(firstSector: Array(bytes.prefix(512)), diskBytes: bytes.count)
        self.images = images.map { UnsafeRawBufferPointer(Self.copy($0.bytes)) }
        names = images.map(\.name)
        slots = layout.slots.map { range in
            Slot(
                range: range,
                differs: images.map { image in
                    let flags = UnsafeMutableBufferPointer<Bool>.allocate(
                        capacity: image.bytes.count / WriteLog.sectorBytes)
                    flags.initialize(repeating: false)
                    return flags
                })
        }
        differing = slots.map { _ in images.map { _ in 0 } }
        for range in layout.slots { compare(range) }
    }

    deinit {
        disk.deallocate()
        for image in images { image.deallocate() }
        for slot in slots { for flags in slot.differs { flags.deallocate() } }
    }

    private static func copy(_ data: Data) -> UnsafeMutableRawBufferPointer {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)
        data.copyBytes(to: buffer)
        return buffer
    }

    /// The name of the image that `slot` (0 or 1) holds completely; `nil` when it holds none.
    func image(in slot: Int) -> String? {
        differing[slot].firstIndex(of: 0).map { names[$0] }
    }

    func bytes(_ range: Range<Int>) -> [UInt8] {
        let part = UnsafeRawBufferPointer(rebasing: disk[range])
        return [UInt8](unsafeUninitializedCapacity: part.count) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: part)
            count = part.count
        }
    }

    /// What has to be put back to undo a write.
    struct Before {
        fileprivate let offset: Int
        fileprivate let bytes: [UInt8]
    }

    /// Writes whole sectors.
    @discardableResult
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Before {
        let range = offset..<(offset + bytes.count)
        let before = Before(offset: offset, bytes: self.bytes(range))
        UnsafeMutableRawBufferPointer(rebasing: disk[range]).copyMemory(from: bytes)
        changed(range)
        return before
    }

    func undo(_ before: Before) {
        before.bytes.withUnsafeBytes { bytes in
            let range = before.offset..<(before.offset + bytes.count)
            UnsafeMutableRawBufferPointer(rebasing: disk[range]).copyMemory(from: bytes)
            changed(range)
        }
    }

    private func changed(_ range: Range<Int>) {
        if layout.mayDecide(range) { bootAreaRevision += 1 }
        compare(range)
    }

    private func compare(_ range: Range<Int>) {
        for number in slots.indices {
            let slot = slots[number]
            let part = range.clamped(to: slot.range)
            guard !part.isEmpty else { continue }
            for image in images.indices {
                compare(part, of: number, with: image)
            }
        }
    }

    private func compare(_ range: Range<Int>, of number: Int, with image: Int) {
        let start = slots[number].range.lowerBound
        let flags = slots[number].differs[image]
        let other = images[image]
        guard let here = disk.baseAddress, let there = other.baseAddress else { return }
        var offset = range.lowerBound - start
        let end = min(range.upperBound - start, other.count)
        var count = differing[number][image]
        while offset < end {
            let sector = offset / WriteLog.sectorBytes
            let differs =
                memcmp(here + start + offset, there + offset, WriteLog.sectorBytes) != 0
            if flags[sector] != differs {
                flags[sector] = differs
                count += differs ? 1 : -1
            }
            offset += WriteLog.sectorBytes
        }
        differing[number][image] = count
    }
}

/// Where things are on a machine's disk, by its partition table.
struct DiskLayout {
    let boot: Range<Int>
    let slots: [Range<Int>]
    let data: Range<Int>

    /// Everything before the slots, in which boot loaders keep what they decide by.
    func mayDecide(_ range: Range<Int>) -> Bool { range.lowerBound < boot.upperBound }

    init(reading disk: URL) throws {
        let file = try FileHandle(forReadingFrom: disk)
        defer { try? file.close() }
        let sector = try file.read(upToCount: 512) ?? Data()
        try self.init(firstSector: Array(sector), diskBytes: Int(file.seekToEnd()))
    }

    /// - Throws: ``MachineError`` when it is not the disk of a machine with four partitions.
    init(firstSector: [UInt8], diskBytes: Int) throws {
        guard firstSector.count == 512, firstSector[510] == 0x55, firstSector[511] == 0xaa else {
            throw MachineError("a disk without a partition table")
        }
        let partitions = (0..<4).map { number in
            func sectors(_ offset: Int) -> Int {
                let at = 446 + 16 * number + offset
                return (0..<4).reduce(0) { $0 | Int(firstSector[at + $1]) << (8 * $1) }
            }
            return (sectors(8) * 512)..<((sectors(8) + sectors(12)) * 512)
        }
        guard partitions.allSatisfy({ !$0.isEmpty && $0.upperBound <= diskBytes }) else {
            throw MachineError("not four partitions: \(partitions)")
        }
        boot = partitions[0]
        slots = [partitions[1], partitions[2]]
        data = partitions[3]
    }
}
