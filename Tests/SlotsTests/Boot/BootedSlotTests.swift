import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing

/// Which slot runs, by what a kernel would say.
@Suite struct BootedSlotTests {
    private let disk = CrashingDisk()

    init() throws {
        Machine.start("a", on: disk)
        disk.put("/dev/disk/by-partuuid/0123abcd-02", linkTo: "../../vda2")
        disk.put("/dev/disk/by-partlabel/root-b", linkTo: "../../vda3")
        disk.put("/dev/disk/by-uuid/AAAA-BBBB", linkTo: "../../vda3")
        disk.put("/dev/disk/by-label/b", linkTo: "/dev/vda3")
    }

    private func booted(
        _ line: String, root: String = "0:25", argument: String = "slipway.slot",
        slots: [String: String] = Machine.devices
    ) throws -> SlotName {
        disk.put("/proc/cmdline", "\(line)\n")
        disk.put("/proc/self/mountinfo", "22 1 \(root) / / rw - ext4 /dev/root rw\n")
        var paths: [SlotName: String] = [:]
        for (name, path) in slots { paths[try slot(name)] = path }
        return try BootedSlot(
            slots: paths, argument: argument, on: disk, deviceNumber: Machine.number(of:)
        ).slot()
    }

    @Test(arguments: [
        ("quiet slipway.slot=b", "b"), ("slipway.slot=\"b\" quiet", "b"),
        ("quiet root=/dev/vda3 rw", "b"), ("root=/dev/nfs root=/dev/vda2", "a"),
        ("root=PARTUUID=0123ABCD-02", "a"), ("root=PARTLABEL=root-b", "b"),
        ("root=UUID=AAAA-BBBB", "b"), ("root=LABEL=b", "b"),
        ("slipway.slot=a -- slipway.slot=b", "a"),
        ("note=\"two words slipway.slot=b\" slipway.slot=a", "a"),
    ])
    func theCommandLineTells(line: String, name: String) throws {
        #expect(try booted(line).text == name)
    }

    @Test func theArgumentMayHaveAnotherName() throws {
        #expect(try booted("rauc.slot=b slipway.slot=x", argument: "rauc.slot").text == "b")
    }

    @Test func theMountedRootTells() throws {
        #expect(try booted("quiet", root: "254:3").text == "b")
        #expect(try booted("root=/dev/dm-0", root: "254:2").text == "a")
    }

    @Test func theTopmostRootCounts() throws {
        disk.put("/proc/cmdline", "quiet\n")
        disk.put(
            "/proc/self/mountinfo",
            "1 0 254:2 / / rw - ext4 a rw\n2 1 254:3 / / rw - ext4 b rw\n"
                + "3 2 254:2 / /data rw - ext4 c rw\n")
        #expect(try Machine.booted(on: disk).slot().text == "b")
    }

    @Test func aRootThatIsNoSlotsSaysNothing() throws {
        #expect(try booted("slipway.slot=a", root: "253:0").text == "a")
        #expect(try booted("slipway.slot=a root=UUID=unknown", root: "0:21").text == "a")
    }

    @Test func slotsMayBeNamedByLinks() throws {
        let slots = ["a": "/dev/disk/by-partuuid/0123abcd-02", "b": "/dev/disk/by-label/b"]
        #expect(try booted("root=/dev/vda3", slots: slots).text == "b")
        #expect(try booted("root=UUID=AAAA-BBBB", slots: slots).text == "b")
    }

    @Test(arguments: [
        (
            "slipway.slot=a", "254:3",
            "slipway.slot=a says that slot a runs, and "
                + "the mounted root, device 254:3, says that slot b does"
        ),
        (
            "slipway.slot=b root=/dev/vda2", "0:25",
            "slipway.slot=b says that slot b runs, and root=/dev/vda2 says that slot a does"
        ),
        (
            "slipway.slot=a slipway.slot=b", "0:25",
            "slipway.slot=a says that slot a runs, and slipway.slot=b says that slot b does"
        ),
        (
            "root=PARTLABEL=root-b", "254:2",
            "root=PARTLABEL=root-b says that slot b runs, and "
                + "the mounted root, device 254:2, says that slot a does"
        ),
        ("slipway.slot=c", "254:2", "slipway.slot=c is not one of the slots a, b"),
        ("slipway.slot=", "254:2", "slipway.slot= is not one of the slots a, b"),
        (
            "root=/dev/sda1", "8:1",
            "neither slipway.slot= nor root=/dev/sda1 nor the mounted root tells which slot runs"
        ),
    ])
    func isNeverGuessed(line: String, root: String, problem: String) throws {
        #expect(throws: SlotError.malformed(path: "/proc/cmdline", problem: problem)) {
            try booted(line, root: root)
        }
    }

    @Test func aLinkThatLeadsToItselfEnds() throws {
        disk.put("/dev/disk/by-label/loop", linkTo: "loop")
        #expect(throws: SlotError.self) { try booted("root=LABEL=loop") }
    }

    @Test func theBootHasItsName() throws {
        #expect(try Machine.booted(on: disk).bootID().text == "boot-1")
        disk.put("/proc/sys/kernel/random/boot_id", "../x\n")
        #expect(throws: SlotError.self) { try Machine.booted(on: disk).bootID() }
        disk.take("/proc/sys/kernel/random/boot_id")
        #expect(throws: SlotError.missing(path: "/proc/sys/kernel/random/boot_id")) {
            try Machine.booted(on: disk).bootID()
        }
    }

    /// On the machine that runs this test, whatever it is: the kernel's files are as we read them.
    @Test func readsThisKernel() throws {
        let here = BootedSlot(slots: [try slot("a"): "/nowhere/a", try slot("b"): "/nowhere/b"])
        #expect(try here.bootID().text.utf8.count == 36)
        do {
            _ = try here.slot()
            Issue.record("no slot is mounted here")
        } catch {
            #expect("\(error)".hasPrefix("/proc/cmdline is malformed: neither slipway.slot="))
        }
    }

    @Test func onlyABlockDeviceHasANumber() {
        #expect(LinuxDisk.deviceNumber(of: "/dev/null") == nil)
        #expect(LinuxDisk.deviceNumber(of: "/nowhere") == nil)
    }
}
