import Agent
import Foundation
import Model
import Slots
import Testing

/// A device that somebody uses is not written to.
@Suite struct SlotGuardTests {
    private let folder: TemporaryFolder
    private let numbers: [String: DeviceNumber]

    /// A disk 8:0 with the partitions 8:1 to 8:3, of which the second is the root.
    init() throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        numbers = Dictionary(
            uniqueKeysWithValues: (0...3).map {
                ("\(folder.path)/sda\($0)", DeviceNumber(major: 8, minor: UInt32($0)))
            })
        for minor in 0...3 {
            let place = "sys/devices/sda" + (minor == 0 ? "" : "/sda\(minor)")
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(place)/holders", withIntermediateDirectories: true)
            try folder.write("8:\(minor)\n", to: "\(place)/dev")
            if minor > 0 { try folder.write("\(minor)\n", to: "\(place)/partition") }
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/sys/dev/block", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/sys/dev/block/8:\(minor)",
                withDestinationPath: "\(folder.path)/\(place)")
            try folder.write("", to: "sda\(minor)")
        }
        try folder.write(
            """
            22 1 8:2 / / rw,relatime shared:1 - ext4 \(folder.path)/sda2 rw
            23 22 0:5 / /dev rw - devtmpfs udev rw

            """, to: "mountinfo")
    }

    private func begin(_ device: String) throws {
        let slots = RawSlots(
            [
                try slot("a"): "\(folder.path)/elsewhere",
                try slot("b"): "\(folder.path)/\(device)",
            ], recordFolder: "\(folder.path)/slots",
            options: RawSlots.Options(
                slotGuard: SlotGuard(
                    mountinfo: "\(folder.path)/mountinfo", sysfs: "\(folder.path)/sys",
                    number: { [numbers] in numbers[$0] })))
        let payload = Payload(.raw, of: [1, 2, 3])
        _ = try slots.begin(slot("b"), payload, length: 3, at: 0) { _ in }
    }

    private func refusal(_ device: String, _ reason: String) -> SlotError {
        .failed(operation: "write to", path: "\(folder.path)/\(device)", reason: reason)
    }

    @Test func aDeviceThatNobodyUsesIsTaken() throws { try begin("sda3") }

    @Test func theRootIsRefused() throws {
        #expect(throws: refusal("sda2", "it is mounted at /")) { try begin("sda2") }
        #expect(try DurableFile.read("\(folder.path)/sda2") == [])
    }

    @Test func theWholeDiskOfTheRootIsRefused() throws {
        #expect(
            throws: refusal("sda0", "it is the whole disk of what is mounted at /")
        ) { try begin("sda0") }
    }

    /// On btrfs the number of the file system is none of the device's.
    @Test func aDeviceIsKnownByItsPathToo() throws {
        try folder.write(
            "22 1 0:31 / /data rw - btrfs \(folder.path)/sda3 rw\n", to: "mountinfo")
        #expect(throws: refusal("sda3", "it is mounted at /data")) { try begin("sda3") }
    }

    @Test func aDeviceThatAVolumeIsMadeOfIsRefused() throws {
        try folder.write("", to: "sys/devices/sda/sda3/holders/dm-0")
        #expect(throws: refusal("sda3", "dm-0 is made of it")) { try begin("sda3") }
    }

    @Test func aListThatCannotBeReadIsAnError() throws {
        try folder.write("nonsense\n", to: "mountinfo")
        #expect(throws: SlotError.self) { try begin("sda3") }
    }
}
