import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import Testing

/// U-Boot's environment beside libubootenv's tools and our boot script.
@Suite struct UBootEnvironmentTests {
    private let folder: TemporaryFolder
    private let kernel = CrashingDisk()
    private var config: String { "\(folder.path)/fw_env.config" }
    private var device: String { "\(folder.path)/env.bin" }

    init() throws {
        folder = try TemporaryFolder()
        Machine.start("a", on: kernel)
    }

    private func make(_ lines: String, byteCount: Int = 65536) throws {
        try folder.write(lines.replacing("DEVICE", with: device), to: "fw_env.config")
        try Data(count: byteCount).write(to: URL(filePath: device))
    }

    private func bootloader(acceptsTornCopy: Bool = false) throws -> UBootEnvironment {
        try UBootEnvironment(
            config: config, acceptsTornCopy: acceptsTornCopy,
            booted: Machine.booted(on: kernel))
    }

    private func tools() throws -> UBootTools {
        UBootTools(
            config: config, script: "\(folder.path)/script", timeout: .seconds(20),
            booted: try Machine.booted(on: kernel))
    }

    private func fwSetenv(_ lines: String) throws {
        try folder.write(lines, to: "lines")
        try folder.write("bootdelay=2\n", to: "defaults")
        let end = try run(
            "/usr/bin/env", "fw_setenv", "-c", config, "-f", "\(folder.path)/defaults", "-s",
            "\(folder.path)/lines")
        #expect(end.status == 0, "\(end.error)")
    }

    private func fwPrintenv() throws -> Set<String> {
        let end = try run("/usr/bin/env", "fw_printenv", "-c", config)
        #expect(end.status == 0, "\(end.error)")
        return Set(end.output.split(separator: "\n").map(String.init))
    }

    static let layouts = [
        "DEVICE 0x1000 0x400\nDEVICE 0x3000 0x400\n",
        "# two copies\n\nDEVICE 4096 4000 # the first\nDEVICE 0x8000 4000 0x1000 4\n",
        "DEVICE 0x0 0x200\n",
    ]

    @Test(arguments: layouts)
    func theToolsAndWeReadEachOther(layout: String) throws {
        try make(layout)
        try fwSetenv("slipway_good=a\nboard=gw 2=x\n")
        #expect(try bootloader().status().confirmed.text == "a")
        #expect(try bootloader().status().trial == .none)
        for round in 0..<300 {
            // Counters go round at 256.
            try bootloader().arm(slot("b"))
            guard round % 60 == 0 else {
                try bootloader().disarm()
                continue
            }
            #expect(
                try fwPrintenv() == [
                    "bootdelay=2", "board=gw 2=x", "slipway_good=a", "slipway_try=b",
                    "slipway_tries=1",
                ])
            try fwSetenv("slipway_tries=0\n")
            #expect(try bootloader().status().trial == .spent(slot("b")))
        }
        try bootloader().confirm(slot("b"))
        #expect(try fwPrintenv().isSuperset(of: ["slipway_good=b", "slipway_try=none"]))
        #expect(try bootloader().status().confirmed.text == "b")
    }

    @Test func throughTheToolsItIsTheSame() throws {
        try make(Self.layouts[0])
        try fwSetenv("bootdelay=2\n")
        #expect(throws: SlotError.self) { try tools().status() }
        try tools().repair(confirming: slot("a"))
        #expect(try tools().status().confirmed.text == "a")
        try tools().arm(slot("b"))
        #expect(try bootloader().status().trial == .armed(slot("b")))
        #expect(try tools().status().trial == .armed(slot("b")))
        try bootloader().disarm()
        #expect(try tools().status().trial == .none)
        try tools().confirm(slot("b"))
        #expect(try bootloader().status().confirmed.text == "b")
        try tools().disarm()
        #expect(
            try fwPrintenv() == [
                "bootdelay=2", "slipway_good=b", "slipway_try=none", "slipway_tries=0",
            ])
        #expect(try folder.names.contains("script") == false)
    }

    @Test func aToolThatFailsIsNamed() throws {
        try make(Self.layouts[0])
        let error = #expect(throws: SlotError.self) { try tools().status() }
        #expect("\(try #require(error))".hasPrefix("cannot run fw_printenv: it exited with "))
    }

    @Test func oneCopyIsNotTornByDefault() throws {
        try make("DEVICE 0x0 0x4000\n")
        try fwSetenv("slipway_good=a\n" + "long=\(String(repeating: "x", count: 700))\n")
        let before = try Data(contentsOf: URL(filePath: device))
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("names one copy only"))
        #expect(try Data(contentsOf: URL(filePath: device)) == before)
        try bootloader(acceptsTornCopy: true).arm(slot("b"))
        #expect(try fwPrintenv().contains("slipway_try=b"))
    }

    @Test func anEnvironmentThatKnowsNoSlotsIsRepairedOnRequest() throws {
        try make(Self.layouts[0])
        #expect(throws: SlotError.self) { try bootloader().status() }
        try bootloader().repair(confirming: slot("b"))
        #expect(try bootloader().status().confirmed.text == "b")
        try make(Self.layouts[0])
        try fwSetenv("board=gw-2\n")
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("slipway_good is \"\" and not one of the slots"))
        try bootloader().repair(confirming: slot("a"))
        #expect(try fwPrintenv().isSuperset(of: ["board=gw-2", "slipway_good=a"]))
    }

    @Test func aFullEnvironmentIsRefused() throws {
        try make("DEVICE 0x0 0x80\nDEVICE 0x1000 0x80\n")
        try fwSetenv("slipway_good=a\nlong=\(String(repeating: "x", count: 80))\n")
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("have no room left"))
    }

    // MARK: The configuration

    static let badLayouts = [
        ("", "it names 0 copies instead of one or two"),
        ("DEVICE 0 0x400\nDEVICE 0x1000 0x400\nDEVICE 0x2000 0x400\n", "it names 3 copies"),
        ("DEVICE 0x0\n", "is not a device, an offset and a size"),
        ("env.bin 0x0 0x400\n", "is not a device, an offset and a size"),
        ("DEVICE zero 0x400\n", "is not a device, an offset and a size"),
        ("DEVICE --1 0x400\n", "is not a device, an offset and a size"),
        ("DEVICE 0x0 -400\n", "is not a device, an offset and a size"),
        ("DEVICE 0 99999999999999999999\n", "is not a device, an offset and a size"),
        ("DEVICE 0 0x7fffffffffffffff\n", "is not one of 16 to 1048576"),
        ("DEVICE 0 0xf\n", "is not one of 16 to 1048576"),
        ("DEVICE 0 0x400\nDEVICE 0x1000 0x800\n", "its two copies have different sizes"),
        ("DEVICE 0 0x400\nDEVICE 0x200 0x400\n", "its two copies overlap"),
        ("DEVICE 0xfffff 0x400\n", "do not hold an environment of 1024 bytes"),
        ("DEVICE -0x200 0x400\n", "do not hold an environment of 1024 bytes"),
        ("/dev/mtd0 0 0x400\n", "only U-Boot's tools can write it"),
        ("/dev/ubi0:env 0 0x400\n", "only U-Boot's tools can write it"),
        ("/nowhere/env 0 0x400\n", "/nowhere/env does not exist"),
    ]

    @Test(arguments: badLayouts)
    func aBadConfigurationIsTold(layout: String, problem: String) throws {
        try make(layout)
        let error = #expect(throws: SlotError.self) { try bootloader() }
        let text = "\(try #require(error))"
        #expect(text.contains(problem), "\(text)")
    }

    // MARK: Damage

    @Test func everyWrongBitIsNoticed() throws {
        let model = UBootModel(copies: 1, byteCount: 64)
        let good = model.copy(["slipway_good=a"], counter: 0)
        for place in good.indices {
            for bit in 0..<8 {
                var bytes = good
                bytes[place] ^= 1 << UInt8(bit)
                #expect(throws: SlotError.self) { try status(of: bytes) }
            }
        }
        #expect(try status(of: good).confirmed.text == "a")
    }

    /// With a right checksum: what is inside may be anything.
    @Test func randomTextsAreATypedError() throws {
        var random = SeededNumbers(seed: 3)
        for _ in 0..<300 {
            var data = Array("slipway_good=a\0slipway_try=b\0slipway_tries=1\0\0".utf8)
            data += Array(repeating: 0, count: 124 - data.count)
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                let place = Int.random(in: 0..<124, using: &random)
                data[place] = UInt8.random(in: 0...255, using: &random)
            }
            let sum = UBootModel.checksum(data)
            let head = (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
            do { _ = try status(of: head + data) } catch { #expect(error is SlotError) }
        }
    }

    private func status(of bytes: [UInt8]) throws -> BootStatus {
        kernel.put("/env", bytes)
        kernel.put("/fw_env.config", "/env 0 0x\(String(bytes.count, radix: 16))\n")
        return try UBootEnvironment(
            config: "/fw_env.config", booted: Machine.booted(on: kernel), on: kernel
        ).status()
    }

    static let counters: [(UInt8, UInt8, String)] = [
        (1, 2, "b"), (2, 1, "a"), (255, 0, "b"), (0, 255, "a"), (7, 7, "a"), (254, 255, "b"),
        (255, 254, "a"), (0, 1, "b"), (128, 0, "a"),
    ]

    @Test(arguments: counters)
    func theNewerCopyCounts(first: UInt8, second: UInt8, name: String) throws {
        let model = UBootModel(copies: 2, byteCount: 64)
        let one = model.copy(["slipway_good=a"], counter: first)
        let other = model.copy(["slipway_good=b"], counter: second)
        #expect(try confirmed(one, other) == name)
        var damaged = other
        damaged[20] ^= 1
        #expect(try confirmed(one, damaged) == "a")
        damaged = one
        damaged[20] ^= 1
        #expect(try confirmed(damaged, other) == "b")
        #expect(throws: SlotError.self) { try confirmed(damaged, damaged) }
    }

    private func confirmed(_ one: [UInt8], _ other: [UInt8]) throws -> String {
        kernel.put("/env", one + other)
        kernel.put("/fw_env.config", "/env 0 40\n/env -0x40 0x40\n")
        return try UBootEnvironment(
            config: "/fw_env.config", booted: Machine.booted(on: kernel), on: kernel
        ).status().confirmed.text
    }

    // MARK: Our boot script

    @Test(arguments: [
        ("slipway_good=a\n", "a"), ("slipway_good=b\n", "b"), ("slipway_good=c\n", "a"),
        ("slipway_good=a\nslipway_try=b\nslipway_tries=2\n", "b"),
        ("slipway_good=a\nslipway_try=b\nslipway_tries=0\n", "a"),
        ("slipway_good=a\nslipway_try=b\nslipway_tries=8\n", "a"),
        ("slipway_good=a\nslipway_try=b\n", "a"),
        ("slipway_good=b\nslipway_try=c\nslipway_tries=1\n", "b"),
        ("slipway_good=b\nslipway_try=none\nslipway_tries=1\n", "b"),
    ])
    func theScriptBootsWhatItMay(lines: String, name: String) throws {
        try make(Self.layouts[0])
        try fwSetenv(lines)
        #expect(try script() == name)
    }

    @Test func theScriptTriesOnceAndGoesBack() throws {
        try make(Self.layouts[0])
        try bootloader().repair(confirming: slot("a"))
        try bootloader().arm(slot("b"))
        #expect(try script(canSave: false) == "a")
        #expect(try bootloader().status().trial == .armed(slot("b")))
        #expect(try script() == "b")
        #expect(try bootloader().status().trial == .spent(slot("b")))
        #expect(try script() == "a")
        try bootloader().confirm(slot("b"))
        #expect(try script() == "b")
    }

    private static let words = #"""
        run() { return 1; }
        setenv() { name=$1; shift; eval "$name=\$*"; }
        saveenv() {
            [ -n "$SAVES" ] || return 1
            for name in slipway_good slipway_try slipway_tries; do
                eval "echo \"$name=\$$name\""
            done >"$CONFIG.saved"
            fw_setenv -c "$CONFIG" -s "$CONFIG.saved"
        }
        load() { return 0; }
        booti() { echo "booted $bootargs"; exit 0; }
        for name in slipway_good slipway_try slipway_tries; do
            setenv $name "$(fw_printenv -c "$CONFIG" -n $name 2>/dev/null)"
        done
        """#

    /// The slot that `packaging/uboot/boot.cmd` tells the kernel, when a shell plays it.
    private func script(canSave: Bool = true) throws -> String {
        let script = try String(
            contentsOf: packageRoot.appending(path: "packaging/uboot/boot.cmd"), encoding: .utf8)
        let end = try runTool([
            "/usr/bin/env", "CONFIG=\(config)", "SAVES=\(canSave ? "1" : "")", "devnum=0", "sh",
            "-c", "\(Self.words)\n\(script)",
        ])
        let match = try #require(
            end.output.firstMatch(of: /booted .* slipway\.slot=(\w+)/), "\(end.output)\(end.error)")
        return String(match.1)
    }
}
