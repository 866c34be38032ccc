import Foundation

/// A server, a machine fresh from the factory, and what is needed to go on with both.
final class Bench {
    let workshop: Workshop
    let images: SlotImages
    let server: UpdateServer
    let firmware: Firmware
    let disk: URL

    init(_ firmware: Firmware) throws {
        workshop = try Workshop()
        images = try SlotImages()
        self.firmware = firmware
        server = try UpdateServer(in: workshop.folder, images: images)
        disk = workshop.file("disk")
        try Factory(images: images, server: server, firmware: firmware).makeDisk(at: disk)
    }

    func start(_ disk: URL, log: URL? = nil) throws -> Machine {
        try Machine(firmware, disk: disk, log: log, words: disk.appendingPathExtension("console"))
    }

    var oracle: any BootOracle {
        switch firmware {
        case .grub: GRUBOracle()
        case .uboot: UBootOracle()
        }
    }

    func knownImages(_ versions: SlotImages.Version...) throws -> [RebuiltDisk.KnownImage] {
        try versions.map {
            .init(
                name: $0.rawValue,
                bytes: try Data(contentsOf: images.file($0), options: .alwaysMapped))
        }
    }
}
