import Foundation
internal import JSON
internal import Model
internal import Wire

/// The main job from beginning to end, each claim checked against what the devices really hold.
final class DemoStory {
    let world: DemoWorld
    let deviceCount: Int
    var ledger = DemoLedger()

    /// The image that is made on the spot, in bytes: the size of a small root file system.
    static let largeByteCount = 67_108_864
    /// Devices in the first wave of every rollout.
    static let canaryCount = 3

    init(world: DemoWorld, deviceCount: Int) {
        self.world = world
        self.deviceCount = deviceCount
    }

    func tell() throws {
        try makeRepository()
        try publish()
        try startFleet()
        try rollOutGood()
        try rollOutBad()
        try attack()
        try rollOutThroughCrashes()
    }

    func step(_ number: Int, _ title: String) { say("\n\(number). \(title)") }

    // MARK: 1 to 3

    private func makeRepository() throws {
        step(1, "A TUF repository with fresh keys")
        say(try world.slipway("repo", "init", world.folder.repositoryHome.path))
        let root = try JSONFields(
            JSONValue(
                parsing: Array(Data(contentsOf: world.folder.shippedRoot)),
                limits: .standard(bytes: 512_000)))
        let role = try root.object("signed").object("roles").object("root")
        let keys = try role.array("keyids", maximumCount: 100).count
        let threshold = try role.integer("threshold", in: 1...100)
        ledger.note(
            1, "root metadata asks for 2 of 3 keys", "\(threshold) of \(keys)",
            holds: threshold == 2 && keys == 3)
    }

    private func publish() throws {
        step(2, "Two good releases and a bad one; a large one follows over the network")
        for sample in [world.samples.good, world.samples.better, world.samples.bad] {
            try publish(sample, to: "--repo", world.folder.repositoryHome.path)
        }
    }

    private func publish(_ sample: DemoSamples.Sample, to kind: String, _ place: String) throws {
        say(
            try world.slipway(
                "release", "publish", sample.image.path, "--name", DemoSamples.product,
                "--version", sample.version, "--hardware", "gw-2", "--keys",
                world.folder.keys.path, kind, place), terminator: "")
    }

    private func startFleet() throws {
        step(3, "The server, and \(deviceCount) devices that enrol with keys of their own")
        try world.startServer()
        say("    the server listens on \(world.serverURL)")
        try publish(large(), to: "--server", world.serverURL)
        let releases = try world.releases().count
        ledger.note(2, "four releases are published", "\(releases)", holds: releases == 4)

        say(
            try world.slipway(
                "enrolment", "create", "--uses", "\(deviceCount)", "--expires", "1d", "--save",
                world.folder.enrolmentToken.path), terminator: "")
        try world.buildMachines(count: deviceCount)
        try world.startMachines()
        try world.observe("all devices have enrolled") {
            try world.devices().count == deviceCount
        }
        let devices = try world.devices()
        let proven = devices.count { $0.boot.isConfirmed && $0.boot.release == factory }
        ledger.note(
            3, "every device has enrolled and says what it booted",
            "\(proven) of \(deviceCount) on \(world.samples.factory.release)",
            holds: proven == deviceCount)
        let keys = Set(
            try world.machines.map {
                try DemoMachine.digest(of: $0.folder.appending(path: "state/device.pem"))
            })
        ledger.note(
            3, "no two devices share a key", "\(keys.count) keys", holds: keys.count == deviceCount)
    }

    private var factory: ReleaseID? { ReleaseID(world.samples.factory.release) }

    func large() throws -> DemoSamples.Sample {
        let file = world.folder.root.appending(path: "large.img")
        let version = "3.0.0"
        guard !FileManager.default.fileExists(atPath: file.path) else {
            return DemoSamples.Sample(image: file, version: version)
        }
        return try DemoSamples.makeLarge(
            at: file, version: version, byteCount: Self.largeByteCount)
    }

    // MARK: 4 and 5

    private func rollOutGood() throws {
        step(4, "\(world.samples.good.release) goes out in three waves")
        try start("good", world.samples.good.release)
        let code = try world.watch("good")
        let rollout = try world.rollout("good")
        ledger.note(
            4, "the rollout completed through three waves",
            "\(rollout.state), \(rollout.waves.count) waves",
            holds: code == 0 && rollout.state == "completed" && rollout.waves.count == 3)
        try noteAllRun(world.samples.good, step: 4)
    }

    /// Compares the server's count of proofs with the bytes in the devices' slots.
    func noteAllRun(_ sample: DemoSamples.Sample, step: Int) throws {
        let digest = try DemoMachine.digest(of: sample.image)
        let onDisk = try world.machines.count {
            try $0.runningDigest() == digest && !$0.hasTrial && $0.confirmedSlot == $0.bootedSlot
        }
        let believed = try world.devices().count {
            $0.boot.isConfirmed && $0.boot.sha256?.hex == digest
        }
        ledger.note(
            step, "every device boots \(sample.version), and the server knows it",
            "\(onDisk) on the devices' disks, \(believed) proven to the server",
            holds: onDisk == deviceCount && believed == deviceCount)
    }

    private func rollOutBad() throws {
        step(5, "\(world.samples.bad.release) fails its health check in trial")
        let sparesBefore = try spares()
        try start("bad", world.samples.bad.release)
        let code = try world.watch("bad")
        let rollout = try world.rollout("bad")
        ledger.note(
            5, "the gate stopped the rollout", "\(rollout.state): \(rollout.reason)",
            holds: code != 0 && rollout.state == "paused")
        try world.observe("no offer is open any more") {
            try world.rollout("bad").waves.allSatisfy { $0.offered == 0 }
        }
        let failed = try world.devices().filter { $0.lastFailure?.kind == .health }.map(\.id.text)
        ledger.note(
            5, "canaries failed in trial, and no others", failed.joined(separator: " "),
            holds: (2...Self.canaryCount).contains(failed.count))
        try noteAllRun(world.samples.good, step: 5)

        let bad = try DemoMachine.digest(of: world.samples.bad.image)
        let sparesAfter = try spares()
        let tried = sparesAfter.filter { $0.value == bad }.keys.sorted()
        let untouched = world.machines.map(\.id).filter {
            sparesAfter[$0] == sparesBefore[$0] && sparesAfter[$0] != bad
        }
        ledger.note(
            5, "the other devices never downloaded it", "\(untouched.count) spare slots untouched",
            holds: tried.count <= Self.canaryCount
                && untouched.count >= deviceCount - Self.canaryCount
                && Set(failed).isSubset(of: tried))
    }

    private func spares() throws -> [String: String?] {
        Dictionary(
            uniqueKeysWithValues: try world.machines.map { ($0.id, try $0.spareDigest()) })
    }

    // MARK: Rollout files

    /// Writes the rollout's file, plans it, and starts the plan that was shown.
    func start(_ name: String, _ release: String, file text: String? = nil) throws {
        let file = world.folder.rollouts.appending(path: "\(name).yaml")
        try (text ?? threeWaves(name, release)).write(
            to: file, atomically: true, encoding: .utf8)
        let plan = try PlanSummary(
            parsing: Array(try world.slipway("rollout", "plan", file.path, "--json").utf8),
            limitBytes: 1_048_576)
        let waves = plan.waves.map { "\($0.name) \($0.devices)" }.joined(separator: ", ")
        say("    plan \(plan.digest.hex.prefix(12)): \(waves)")
        try world.slipway("rollout", "start", file.path, "--plan", plan.digest.hex)
    }

    private func threeWaves(_ name: String, _ release: String) -> String {
        """
        rollout: \(name)
        release: \(release)
        devices: hardware == "gw-2"
        waves:
          - name: canary
            sample: \(Self.canaryCount)
            strata: [site]
            soak: 1s
          - name: early
            percent: 40
            soak: 1s
          - name: fleet
            percent: 100
        gate:
          max_failure_rate: 2%
          confidence: 95%
          min_confirmed: \(Self.canaryCount)
          overdue_after: 60s
        limits:
          concurrent: \(deviceCount)

        """
    }
}
