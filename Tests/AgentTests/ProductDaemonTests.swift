import AgentSupport
import Agent
import Foundation
import Model
import OpenSSL
import Slots
import Testing
import Trust

/// The documentation's example at work, in a folder that is its machine.
@Suite struct ProductDaemonTests {
    private final class Lines {
        private(set) var all: [String] = []
        func say(_ line: String) { all.append(line) }
    }

    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "slipway-\(UUID().uuidString)").path
    private let firmware: Firmware
    private let machine: FakeMachine
    private let server: FakeServer
    private let lines = Lines()

    init() throws {
        let factory = try Firmware("acme-gateway 1.0")
        firmware = try Firmware("acme-gateway 2.0")
        let repository = try TestRepository(holding: [firmware])
        machine = try FakeMachine(
            running: factory, knowing: [firmware], root: repository.shippedRoot)
        server = FakeServer(repository, machine: machine)
        server.goal = firmware
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try write(factory.bytes, to: "a.img")
        try write(repository.shippedRoot, to: "root.json")
        try write(key(9).pem(passphrase: nil), to: "device.pem")
        try write(Array("confirmed=a\n".utf8), to: "environment")
        try boot("a", 1)
        try RawSlots(
            [slot("a"): "\(folder)/a.img", slot("b"): "\(folder)/b.img"],
            recordFolder: "\(folder)/slots"
        ).setContent(
            SlotContent(
                release: factory.signed.release, sha256: factory.digest,
                payload: factory.signed.payload),
            of: slot("a"))
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    private func text(of name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private func boot(_ slot: String, _ number: Int) throws {
        try write(Array("slot=\(slot)\nboot_id=boot-\(number)\n".utf8), to: "booted")
    }

    private func daemon(isBusy: @escaping () -> Bool = { false }) throws -> ProductDaemon {
        let configuration = AgentConfiguration(
            device: try device("device-1"), hardware: try model("gw-2"), attributes: .none,
            enrolmentToken: "token", trialDeadline: .seconds(600), maximumPause: .seconds(300),
            durableStepBytes: 10_000, limits: .standard)
        return try ProductDaemon(
            configuration, in: folder, server: server, clock: machine, isBusy: isBusy,
            isWell: { true }, say: lines.say)
    }

    @Test func bringsTheDeviceToTheNewImage() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var pauses = 0
        let first = try daemon(isBusy: { pauses < 2 })
        first.run { pause in
            pauses += 1
            machine.pass(pause)
            return pauses < 10
        }
        // It was asked to wait twice, then armed the bootloader and wanted a restart.
        #expect(pauses == 2)
        #expect(lines.all.contains("the update waits: the product is at work"))
        #expect(first.summary == "acme-gateway 2.0: trial")
        #expect(try text(of: "environment") == "confirmed=a\ntrial=b\ntries=1\n")

        try write(Array("confirmed=a\ntrial=b\ntries=0\n".utf8), to: "environment")
        try boot("b", 2)
        let second = try daemon()
        second.run { _ in !server.isSettled }
        #expect(try text(of: "environment") == "confirmed=b\n")
        #expect(second.summary == "up to date")
        #expect(server.story.last == "idle")
        #expect(lines.all.last == "the update is idle")
    }

    /// The transport of the example against a server that is not there.
    @Test func saysWhenNobodyAnswers() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let nobody = try ProductServer(at: "http://127.0.0.1:1")
        #expect(throws: TransportError.self) { try nobody.checkIn([]) }
        #expect(throws: TransportError.self) { try nobody.metadata("a", limitBytes: 1) }
        #expect(throws: TransportError.self) {
            try nobody.image("a", from: 0, maximumBytes: 1) { _ in true }
        }
    }
}
