import Foundation
internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

/// One simulated device: a folder, and the process that is its hardware.
///
/// What it holds is read from its own files, never from the server: that is what the server's
/// belief is compared with.
struct DemoMachine {
    let id: String
    let folder: URL

    var agentLog: URL { folder.appending(path: "log") }
    private var statePath: URL { folder.appending(path: "state/state.json") }

    func slot(_ name: String) -> URL { folder.appending(path: "slots/\(name).img") }

    /// Puts a new device on disk, with `factoryImage` in slot a.
    static func build(
        id: String, in demo: DemoFolder, server: String, site: String, factoryImage: URL,
        factoryRelease: String
    ) throws -> DemoMachine {
        let machine = DemoMachine(id: id, folder: demo.devices.appending(path: id))
        let files = FileManager.default
        for name in ["boot", "slots"] {
            try files.createDirectory(
                at: machine.folder.appending(path: name), withIntermediateDirectories: true)
        }
        try files.copyItem(at: factoryImage, to: machine.slot("a"))
        let digest = try DemoMachine.digest(of: machine.slot("a"))
        let length = try Data(contentsOf: machine.slot("a")).count
        try "release=\(factoryRelease)\nsha256=\(digest)\nlength=\(length)\n".write(
            to: machine.folder.appending(path: "slots/a.img.content"), atomically: true,
            encoding: .utf8)
        try "confirmed=a\n".write(
            to: machine.folder.appending(path: "boot/environment"), atomically: true,
            encoding: .utf8)
        let configuration = machine.configuration(demo, server: server, site: site)
        try Data(JSONValue.object(configuration).prettyText.utf8).write(
            to: machine.folder.appending(path: "device.json"))
        return machine
    }

    private func configuration(_ demo: DemoFolder, server: String, site: String) -> JSONObject {
        [
            "server": .string(server), "device": .string(id), "hardware": "gw-2",
            "attributes": ["site": .string(site)],
            "enrolment_token_file": .string(demo.enrolmentToken.path),
            "state": .string(folder.appending(path: "state").path),
            "root": .string(demo.shippedRoot.path),
            "slots": ["a": .string(slot("a").path), "b": .string(slot("b").path)],
            "boot": .string(folder.appending(path: "boot").path),
            "health_command": ["/bin/sh", .string(demo.healthScript.path), "{slot}"],
            "health_timeout_seconds": 10, "trial_deadline_seconds": 30,
            "maximum_pause_seconds": 1,
            // Slow enough that a download can be caught in the middle.
            "maximum_bytes_per_second": 16_777_216,
        ]
    }

    /// The slot that the bootloader keeps.
    var confirmedSlot: String? { lines(of: "boot/environment")["confirmed"] }
    var bootedSlot: String? { lines(of: "boot/booted")["slot"] }
    var hasTrial: Bool { lines(of: "boot/environment")["trial"] != nil }

    /// The digest of what the bootloader would boot, read from the slot itself.
    func runningDigest() throws -> String {
        try DemoMachine.digest(of: slot(confirmedSlot ?? "a"))
    }

    /// The digest of the slot that does not run; `nil` while nothing was ever written to it.
    func spareDigest() throws -> String? {
        let spare = slot(confirmedSlot == "b" ? "a" : "b")
        guard FileManager.default.fileExists(atPath: spare.path) else { return nil }
        return try DemoMachine.digest(of: spare)
    }

    /// How many bytes of a download are durable; `nil` while there is none.
    var durableBytes: Int64? {
        guard let data = try? Data(contentsOf: statePath),
            let value = try? JSONValue(
                parsing: Array(data), limits: .standard(bytes: 1_048_576)),
            let fields = try? JSONFields(value), let phase = try? fields.object("phase"),
            (try? phase.string("state")) == "downloading"
        else { return nil }
        return try? phase.integer("durable_bytes", in: 0...Int64.max)
    }

    var agentPid: Int32? {
        let text = try? String(contentsOf: folder.appending(path: "agent.pid"), encoding: .utf8)
        return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// What the agent said.
    var words: String { (try? String(contentsOf: agentLog, encoding: .utf8)) ?? "" }

    private func lines(of name: String) -> [String: String] {
        let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
        var values: [String: String] = [:]
        for line in (text ?? "").split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// SHA-256 of a file, read in pieces.
    static func digest(of file: URL) throws -> String {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var stream = OpenSSLHashing().sha256Stream()
        while let piece = try handle.read(upToCount: 1_048_576), !piece.isEmpty {
            stream.update(Array(piece))
        }
        return stream.finish().hex
    }
}
