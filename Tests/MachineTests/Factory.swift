import Foundation

/// Builds machines as they leave the factory.
struct Factory {
    let images: SlotImages
    let server: UpdateServer
    let firmware: Firmware

    private static let partitions = ["a": "/dev/vda2", "b": "/dev/vda3"]

    /// Makes a disk with ``SlotImages/Version/factory`` in slot a, and nothing in slot b.
    func makeDisk(at disk: URL) throws {
        let tree = disk.appendingPathExtension("data")
        let home = tree.appending(path: "slipway")
        let files = FileManager.default
        try files.createDirectory(
            at: home.appending(path: "state"), withIntermediateDirectories: true)
        defer { try? files.removeItem(at: tree) }
        try files.copyItem(at: server.shippedRoot, to: home.appending(path: "root.json"))
        try files.copyItem(at: server.enrolmentToken, to: home.appending(path: "token"))
        let device = try JSONSerialization.data(
            withJSONObject: deviceFile, options: [.prettyPrinted, .withoutEscapingSlashes])
        try device.write(to: home.appending(path: "device.json"))
        try recordFactoryImage(in: home)
        for (name, device) in Self.partitions {
            try files.createSymbolicLink(
                atPath: home.appending(path: name).path, withDestinationPath: device)
        }
        try Tools.run(
            Tools.imageScripts.appending(path: "make-disk"),
            [firmware.rawValue, images.file(.factory).path, tree.path, disk.path])
    }

    private var deviceFile: [String: Any] {
        [
            "server": server.addressForGuests, "device": UpdateServer.device, "hardware": "gw-2",
            "enrolment_token_file": "/data/slipway/token", "state": "/data/slipway/state",
            "root": "/data/slipway/root.json", "boot": boot,
            "slots": ["a": "/data/slipway/a", "b": "/data/slipway/b"],
            "health_command": ["/bin/health"], "health_timeout_seconds": 20,
            "trial_deadline_seconds": 120, "maximum_pause_seconds": 2,
        ]
    }

    private var boot: [String: String] {
        switch firmware {
        case .grub: ["type": "grub", "environment": "/boot/firmware/grub/grubenv"]
        case .uboot: ["type": "uboot", "config": "/etc/fw_env.config"]
        }
    }

    /// What the factory wrote into slot a; without it the device could not tell what it runs.
    private func recordFactoryImage(in home: URL) throws {
        let image = images.file(.factory)
        let digest = try Tools.system("sha256sum", image.path).prefix(64)
        let length = try FileManager.default.attributesOfItem(atPath: image.path)[.size] ?? 0
        let record = "release=\(UpdateServer.product) 1.0.0\nsha256=\(digest)\nlength=\(length)\n"
        try Data(record.utf8).write(to: home.appending(path: "a.content"))
    }
}
