import Foundation
import TestSupport

/// An emulated computer that runs until it is stopped.
final class Machine {
    let console: Lines
    private let process = ChildProcess()
    private let keyboard = Pipe()
    private let started = ContinuousClock().now

    /// Switches the machine on.
    ///
    /// - Parameter log: Where every write and flush is recorded; see ``WriteLog``.
    init(_ firmware: Firmware, disk: URL, log: URL? = nil, words: URL) throws {
        var arguments = [
            // An emulator that lost its test must not run for ever.
            "--signal=KILL", "1800", "qemu-system-x86_64",
            // The same everywhere, with hardware support for virtual machines or without.
            "-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-no-user-config",
            "-display", "none", "-serial", "mon:stdio",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-blockdev", "driver=file,filename=\(disk.path),node-name=disk",
        ]
        if let log {
            try Tools.run(URL(filePath: "/usr/bin/truncate"), ["-s", "1G", log.path])
            arguments += [
                "-blockdev", "driver=file,filename=\(log.path),node-name=log",
                "-blockdev", "driver=blklogwrites,file=disk,log=log,node-name=recorded",
                "-device", "virtio-blk-pci,drive=recorded",
            ]
        } else {
            arguments += ["-device", "virtio-blk-pci,drive=disk"]
        }
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = arguments + firmware.arguments
        process.standardInput = keyboard
        process.standardOutput = output
        process.standardError = output
        try Data().write(to: words)
        console = Lines(
            of: output.fileHandleForReading, copy: try FileHandle(forWritingTo: words))
        try process.run()
    }

    deinit { stop() }

    /// Pulls the plug; the emulator ends in order, so that a log is complete.
    func stop() {
        guard process.isRunning else { return }
        // Control-A and x, the emulator's own way out: signals are blocked in what a test starts.
        try? keyboard.fileHandleForWriting.write(contentsOf: Data([1, UInt8(ascii: "x")]))
        process.waitUntilExit()
    }

    var secondsSinceStart: Int64 { (ContinuousClock().now - started).components.seconds }

    /// Waits for the start of a boot and tells from which slot it is, and of what version.
    func boot(
        from start: Int = 0, within limit: Duration = .seconds(120)
    ) throws -> (boot: Boot, next: Int) {
        let (line, next) = try console.wait(for: "a boot", from: start, within: limit) {
            $0.contains("MACHINE: slot=")
        }
        guard let found = line.firstMatch(of: /slot=(\S*) version=(\S*)/) else {
            throw MachineError("not understood: \(line)")
        }
        return (Boot(slot: String(found.1), version: String(found.2)), next)
    }

    struct Boot: Hashable, CustomStringConvertible {
        let slot: String
        let version: String
        var description: String { "slot \(slot), version \(version)" }
    }

    /// All boots so far that came as far as a slot's first program.
    var boots: [Boot] {
        console.all.compactMap { line in
            line.firstMatch(of: /MACHINE: slot=(\S*) version=(\S*)/).map {
                Boot(slot: String($0.1), version: String($0.2))
            }
        }
    }
}

/// What starts the machine.
enum Firmware: String, CaseIterable, Sendable {
    case grub
    case uboot

    /// GRUB is started by the emulator's own BIOS; U-Boot takes its place.
    var arguments: [String] {
        switch self {
        case .grub: []
        case .uboot: ["-bios", "/usr/lib/u-boot/qemu-x86/u-boot.rom"]
        }
    }
}
