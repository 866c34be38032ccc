import Foundation
import TestSupport

/// A disk with a machine's partitions and next to nothing on them, and a log of writes to it that a
/// test makes up: what ``PowerCuts`` has to find must be found when it is there.
struct SmallDisk {
    /// What an updater may do, in the order of the test's choice.
    enum Step {
        /// The new image, or a half of it, into slot b.
        case image(Half)
        /// The new image over the one that runs.
        case overwriteRunning
        case environment(good: String, trial: String, tries: String)
        /// Zeros where the environment is.
        case emptyEnvironment
        /// The agent's state says that the image is proven.
        case proof
        case flush

        enum Half { case first, second, both }
    }

    private static let slotBytes = 65_536
    private static let boot = 1_048_576..<3_145_728
    private static let slots = [
        boot.upperBound..<(boot.upperBound + slotBytes),
        (boot.upperBound + slotBytes)..<(boot.upperBound + 2 * slotBytes),
    ]
    private static let data = slots[1].upperBound..<(slots[1].upperBound + slotBytes)
    static let old = Data(repeating: 0x11, count: slotBytes)
    static let new = Data(repeating: 0x22, count: slotBytes)

    private let workshop: Workshop
    private let firmware: Firmware
    /// Where GRUB's environment is on the disk.
    private let grubEnvironment: Int
    private var counter: UInt8 = 254
    private var log = LogWriter()

    init(_ firmware: Firmware) throws {
        self.firmware = firmware
        workshop = try Workshop()
        let volume = try FATMaker(in: workshop.folder)
        let marker = Data("# GRUB Environment Block\nslipway=here\n".utf8)
        try volume.add(marker + Data(repeating: 0x23, count: 1024 - marker.count), as: "grubenv")
        let boot = try Data(contentsOf: volume.file)
        grubEnvironment = Self.boot.lowerBound + must(boot.offset(of: marker))

        var disk = Data(count: Self.data.upperBound)
        for (number, range) in ([Self.boot] + Self.slots + [Self.data]).enumerated() {
            let entry = 446 + 16 * number
            disk.replaceSubrange(
                (entry + 8)..<(entry + 12), with: Self.word(range.lowerBound / 512))
            disk.replaceSubrange((entry + 12)..<(entry + 16), with: Self.word(range.count / 512))
        }
        disk.replaceSubrange(510..<512, with: [0x55, 0xaa])
        disk.replaceSubrange(Self.boot, with: boot)
        disk.replaceSubrange(Self.slots[0], with: Self.old)
        try disk.write(to: workshop.file("disk"))
    }

    private static func word(_ value: Int) -> Data {
        Data((0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }

    /// Looks at every power cut of an update that does `steps`.
    mutating func cuts(of steps: [Step]) throws -> PowerCuts {
        // The environment's first write is not a part of the update.
        let fresh = try withEnvironment("a", "", "0")
        for step in steps { write(step) }
        try log.save(to: workshop.file("log"))
        let written = try WriteLog(reading: workshop.file("log"))
        let disk = try RebuiltDisk(
            fresh,
            images: [.init(name: "old", bytes: Self.old), .init(name: "new", bytes: Self.new)])
        let oracle: any BootOracle = firmware == .grub ? GRUBOracle() : UBootOracle()
        var cuts = PowerCuts(
            written, on: disk, oracle: oracle,
            provenFrom: try PowerCuts.proof(in: written, layout: disk.layout), newImage: "new",
            seed: 1)
        cuts.lookAtAll()
        return cuts
    }

    private mutating func withEnvironment(
        _ good: String, _ trial: String, _ tries: String
    ) throws -> URL {
        let (offset, bytes) = environment(good, trial, tries)
        let disk = try FileHandle(forUpdating: workshop.file("disk"))
        try disk.seek(toOffset: UInt64(offset))
        try disk.write(contentsOf: bytes)
        try disk.close()
        return workshop.file("disk")
    }

    private mutating func write(_ step: Step) {
        let middle = Self.slotBytes / 2
        switch step {
        case .image(let half):
            let start = Self.slots[1].lowerBound
            if half != .second { log.write(Self.new.prefix(middle), at: start) }
            if half != .first { log.write(Self.new.suffix(middle), at: start + middle) }
        case .overwriteRunning: log.write(Self.new, at: Self.slots[0].lowerBound)
        case .environment(let good, let trial, let tries):
            let (offset, bytes) = environment(good, trial, tries)
            log.write(bytes, at: offset)
        case .emptyEnvironment:
            let places =
                firmware == .grub ? [grubEnvironment] : UBootOracle.copies.map(\.lowerBound)
            for place in places { log.write(Data(count: 1024), at: place) }
        case .proof:
            let text = Data(#"{"phase":{"state":"proven"}}"#.utf8)
            log.write(text + Data(count: 512 - text.count), at: Self.data.lowerBound)
        case .flush: log.flush()
        }
    }

    /// A whole environment and where it goes; U-Boot's takes the place of the older copy.
    private mutating func environment(
        _ good: String, _ trial: String, _ tries: String
    ) -> (offset: Int, bytes: Data) {
        switch firmware {
        case .grub:
            let text = Data(
                "# GRUB Environment Block\ngood=\(good)\ntry=\(trial)\ntries_left=\(tries)\n".utf8)
            return (grubEnvironment, text + Data(repeating: 0x23, count: 1024 - text.count))
        case .uboot:
            counter &+= 1
            let copy = UBootOracle.copies[Int(counter % 2)]
            let text = Data(
                "slipway_good=\(good)\0slipway_try=\(trial)\0slipway_tries=\(tries)\0\0".utf8)
            let content = text + Data(count: copy.count - 5 - text.count)
            return (
                copy.lowerBound, Self.word(Int(CRC32.of(content))) + Data([counter]) + content
            )
        }
    }
}

/// Writes what ``WriteLog`` reads.
struct LogWriter {
    private var entries = Data()
    private var count = 0

    mutating func write(_ bytes: Data, at offset: Int) {
        entry(sector: offset / 512, sectors: bytes.count / 512, flags: 0)
        entries += bytes
    }

    mutating func flush() { entry(sector: 0, sectors: 0, flags: 1) }

    private mutating func entry(sector: Int, sectors: Int, flags: Int) {
        entries += Self.sector([sector, sectors, flags, 0])
        count += 1
    }

    func save(to url: URL) throws {
        let head = Self.sector([0x6a_7366_7773_6872, 1, count, 512])
        try (head + entries).write(to: url)
    }

    private static func sector(_ numbers: [Int]) -> Data {
        var bytes = Data()
        for number in numbers {
            bytes += Data((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
        }
        return bytes + Data(count: 512 - bytes.count)
    }
}

/// A FAT file system made by the usual tools.
struct FATMaker {
    let file: URL

    init(in folder: URL) throws {
        file = folder.appending(path: "fat")
        try Data(count: 2_097_152).write(to: file)
        try Tools.run(
            URL(filePath: "/usr/bin/env"), ["PATH=/usr/sbin:/usr/bin", "mkfs.vfat", file.path])
        _ = try Tools.system("mmd", "-i", file.path, "::/grub")
    }

    func add(_ bytes: Data, as name: String) throws {
        let source = file.appendingPathExtension(name)
        try bytes.write(to: source)
        _ = try Tools.system("mcopy", "-i", file.path, source.path, "::/grub/\(name)")
    }

    func remove(_ name: String) throws {
        _ = try Tools.system("mdel", "-i", file.path, "::/grub/\(name)")
    }
}
