import Foundation
internal import Model
internal import Wire

/// Somebody owns the server: its disk, its database, its offer key, its operator's token.
extension DemoStory {
    func attack() throws {
        step(6, "An attacker who owns the server's disk and database")
        let evil = world.folder.root.appending(path: "evil.img")
        let genuine = try Data(contentsOf: world.samples.better.image)
        var bytes = Data("#!/bin/sh\nexit 0\n# owned\n".utf8)
        bytes.append(genuine.dropFirst(bytes.count))
        try bytes.write(to: evil)
        let digest = try DemoMachine.digest(of: world.samples.better.image)

        try offerForeignImage(evil, insteadOf: digest)
        try swapBytes(evil, of: digest, genuine: genuine)
        try noteNothingForeign(evil)
    }

    /// The database names the attacker's image, and the server signs offers for it.
    ///
    /// It does so while it runs: when it starts, it believes the signed metadata and not the database.
    private func offerForeignImage(_ evil: URL, insteadOf digest: String) throws {
        let foreign = try DemoMachine.digest(of: evil)
        let length = try Data(contentsOf: evil).count
        try FileManager.default.copyItem(
            at: evil,
            to: targetFile(of: digest).deletingLastPathComponent().appending(
                path: targetFile(of: digest).lastPathComponent.replacingOccurrences(
                    of: digest, with: foreign)))
        try sql(
            "UPDATE images SET sha256 = '\(foreign)', length_bytes = \(length)"
                + " WHERE sha256 = '\(digest)'")
        try offerToAll("foreign-image")
        try noteAllRefuse("the database names a foreign image", saying: "foreign image")

        world.killServer()
        try world.startServer()
    }

    /// The database is honest again, but the file under the signed name holds other bytes.
    private func swapBytes(_ evil: URL, of digest: String, genuine: Data) throws {
        let file = try targetFile(of: digest)
        try Data(contentsOf: evil).write(to: file)
        try offerToAll("swapped-bytes")
        try noteAllRefuse("the image's bytes are swapped", saying: "tampered image")
        try genuine.write(to: file)
    }

    private func noteNothingForeign(_ evil: URL) throws {
        let foreign = try DemoMachine.digest(of: evil)
        let running = try world.machines.count { try $0.runningDigest() == foreign }
        ledger.note(
            6, "no device ever ran the attacker's image", "\(running) of \(deviceCount)",
            holds: running == 0)
        try noteAllRun(world.samples.good, step: 6)
    }

    /// With a gate that forgives everything, as an attacker would write it.
    private func offerToAll(_ name: String) throws {
        try start(
            name, world.samples.better.release,
            file: """
                rollout: \(name)
                release: \(world.samples.better.release)
                devices: all
                waves:
                  - name: everybody
                    percent: 100
                gate:
                  max_failure_rate: 99.9%
                  confidence: 99.9%
                limits:
                  concurrent: \(deviceCount)

                """)
    }

    private func noteAllRefuse(_ claim: String, saying words: String) throws {
        let rollout = claim.hasPrefix("the database") ? "foreign-image" : "swapped-bytes"
        try world.observe("every device refuses") {
            try world.rollout(rollout).waves.reduce(0) { $0 + $1.failed } == deviceCount
        }
        let refusals = try world.devices().count {
            $0.lastFailure?.kind == .refused && $0.lastFailure?.detail.contains(words) == true
        }
        ledger.note(
            6, "\(claim): every agent refuses", "\(refusals) of \(deviceCount) refused",
            holds: refusals == deviceCount)
        try world.slipway("rollout", "abort", rollout)
    }

    /// Where the server keeps the image with this digest.
    private func targetFile(of digest: String) throws -> URL {
        let targets = world.folder.repository.appending(path: "targets")
        let walk = FileManager.default.enumerator(at: targets, includingPropertiesForKeys: nil)
        let file = walk?.compactMap { $0 as? URL }.first {
            $0.lastPathComponent.hasPrefix(digest)
        }
        guard let file else { throw DemoError.missing("the image \(digest) in \(targets.path)") }
        return file
    }

    private func sql(_ statement: String) throws {
        let end = try world.tools.run(
            URL(filePath: "/usr/bin/sqlite3"), [world.folder.database.path, statement])
        guard end.code == 0 else { throw DemoError.failed(command: "sqlite3", words: end.errors) }
    }
}
