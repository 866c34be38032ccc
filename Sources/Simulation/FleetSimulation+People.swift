internal import Model
internal import Orchestrator
internal import Stores
internal import Trust
internal import Wire

/// What people do: those who publish, and those who operate.
extension FleetSimulation {
    /// Everybody begins, and what is going to happen is planned.
    func begin() {
        note(
            "world",
            "seed \(seed): \(devices.count) devices, \(servers.count) servers; faults:"
                + " \(faults.isEmpty ? "none" : faults.sorted().map(\.rawValue).joined(separator: ", "))"
        )
        for server in servers { planStart(of: server, after: luck.number(0...5000, "start")) }
        for device in devices {
            plan(after: luck.number(5000...600_000, "start")) { [unowned self] in powerOn(device) }
        }
        planReleases()
        planMischief()
        plan(after: 3_600_000) { [unowned self] in attend() }
        plan(after: faultsEnd) { [unowned self] in endFaults() }
    }

    private func planReleases() {
        let count = luck.number(1...3, "releases")
        for number in 0..<count {
            let at =
                number == 0
                ? 900_000 : luck.number(1_800_000...max(1_800_001, faultsEnd * 2 / 3), "releases")
            plan(after: at) { [unowned self] in makeRelease() }
        }
    }

    // MARK: Publishing

    private func makeRelease() {
        let version = "\(operators.versions.count + 2).0.0"
        operators.versions.append(version)
        var defect: Firmware.Defect?
        if faults.contains(.badImages), luck.happens(1, in: 2, "bad images") {
            defect = Firmware.Defect(
                conduct: luck.choice(Firmware.Conduct.allCases, "bad images"),
                board: luck.choice([nil, "A", "C"], "bad images"))
        }
        let from: Set<Version> =
            luck.happens(1, in: 5, "releases") ? Set(["1.0.0"].compactMap { Version($0) }) : []
        do {
            let images = try keeper.makeRelease(
                version, &luck, defect: defect, from: from, counter: 1)
            note("publisher", "makes \(version)\(defect.map(Self.clause) ?? "")")
            publish(images.map(\.signed)) { [unowned self] in
                let name = "r\(operators.versions.count - 1)-\(version)"
                startRollout(name, images[0].release)
            }
        } catch { fail("P1", "Publishes", "a release cannot be made: \(error)") }
    }

    private static func clause(_ defect: Firmware.Defect) -> String {
        ", which \(defect.conduct.rawValue)" + (defect.board.map { " on board \($0)" } ?? "")
    }

    /// Sends images and signs for them, until the server has taken both.
    func publish(_ images: [SignedImage], then: @escaping () -> Void) {
        func again() {
            plan(after: luck.number(30_000...600_000, "publishing")) { [unowned self] in
                publish(images, then: then)
            }
        }
        guard let server = servers.first(where: \.isUp), let published = keeper.published() else {
            return again()
        }
        if images.allSatisfy({ published.images.contains($0) }) {
            // The answer was lost; the store may still have to hear of it.
            let done = ask(server, "publishing") { try await $0.openRepository() }
            guard case .success = done else { return again() }
            return then()
        }
        for image in images {
            guard let firmware = keeper.firmware.first(where: { $0.digest == image.image.sha256 })
            else { continue }
            let bytes = firmware.bytes
            let staged = ask(server, "an upload") {
                try await $0.stage(image.image.sha256, OnePiece(bytes: bytes))
            }
            guard case .success = staged else { return again() }
        }
        do {
            let targets = try keeper.targets(following: published, .list(images), &luck)
            let result = ask(server, "publishing") {
                try await $0.publish(
                    MetadataSubmission(files: ["targets": targets]), by: Operators.author)
            }
            guard case .success = result else {
                note("publisher", "is not served: \(result)")
                return again()
            }
            note("publisher", "has published \(images.map { "\($0.release)" }.first ?? "")")
            then()
        } catch { fail("P1", "Publishes", "targets cannot be signed: \(error)") }
    }

    // MARK: Rollouts

    private func startRollout(_ name: String, _ release: ReleaseID) {
        let file = luck.rolloutFile(
            name, release: release, deviceCount: devices.count, mayRevert: true)
        start(file)
    }

    private func start(_ file: RolloutFile) {
        guard let name = RolloutName(file.rollout) else { return }
        func again() {
            plan(after: luck.number(30_000...600_000, "starting")) { [unowned self] in start(file) }
        }
        guard let server = servers.first(where: \.isUp) else { return again() }
        operators.unsure.insert(name)
        let result = ask(server, "the start of \(name)") { orchestrator in
            let plan = try await orchestrator.plan(file)
            _ = try await orchestrator.start(
                StartRequest(file: file, digest: plan.digest), by: Operators.author)
        }
        switch result {
        case .success:
            operators.started.append(name)
            note("operator", "starts \(name)")
        case .failure(.noAnswer), .failure(.refused(.store)): again()
        case .failure(.refused(let refusal)):
            note("operator", "cannot start \(name): \(refusal)")
            let exists = try? database.number(
                "SELECT count(*) FROM rollouts WHERE name = '\(name)'")
            // It was started, and the answer was lost.
            if exists ?? 0 > 0 { return operators.started.append(name) }
            // What cannot be done at all is not tried again.
            if case .conflict = refusal, !areFaultsOver { again() }
        }
    }

    /// Somebody looks after the rollouts: approves what waits, and lets go on what was stopped.
    func attend() {
        guard !areFaultsOver else { return }
        if let server = servers.first(where: \.isUp) {
            approve(server)
            let stopped =
                (try? database.rows(
                    "SELECT name FROM rollouts WHERE state = 'paused' AND reason <> 'operator'"
                        + " ORDER BY number")) ?? []
            for name in stopped.compactMap({ $0["name"].flatMap { RolloutName($0) } })
            where luck.happens(2, in: 3, "attending") { control(name, .resume, server) }
        }
        plan(after: luck.number(1_200_000...4_800_000, "attending")) { [unowned self] in attend() }
    }

    func planActs() {
        guard faults.contains(.people), !areFaultsOver else { return }
        plan(after: luck.number(60_000...5_400_000, "people")) { [unowned self] in
            guard !areFaultsOver else { return }
            act()
            planActs()
        }
    }

    private func act() {
        guard let server = servers.first(where: \.isUp) else { return }
        let rollout = operators.started.isEmpty ? nil : luck.choice(operators.started, "people")
        switch luck.number(0...29, "people") {
        case 0...6: if let rollout { control(rollout, .pause, server) }
        case 7...15: if let rollout { control(rollout, .resume, server) }
        case 16: if let rollout { control(rollout, .abort, server) }
        case 17: if let rollout { revert(rollout, server) }
        case 18...20: approve(server)
        case 21: retire(server)
        case 22...27: changeDevice(server)
        case 28: withdraw(server)
        default: allowGoingBack()
        }
    }

    func control(
        _ rollout: RolloutName, _ control: Orchestrator.Control, _ server: SimulatedServer
    ) {
        let result = ask(server, "\(control) of \(rollout)") {
            _ = try await $0.control(rollout, control, by: Operators.author)
        }
        note("operator", "\(control.rawValue) \(rollout): \(Self.word(result))")
        switch (result, control) {
        case (.success, .pause): operators.paused.insert(rollout)
        case (.success, .resume): operators.paused.remove(rollout)
        case (.success, .abort): operators.aborted.insert(rollout)
        case (.failure(.noAnswer), .pause), (.failure(.refused(.store)), .pause):
            // It may have been stored all the same.
            operators.paused.insert(rollout)
        case (.failure(.noAnswer), .abort), (.failure(.refused(.store)), .abort):
            operators.aborted.insert(rollout)
        case (.failure, _): break
        }
    }

    static func word(_ result: Result<Void, SimulatedServer.Trouble>) -> String {
        switch result {
        case .success: "done"
        case .failure(.noAnswer): "no answer"
        case .failure(.refused(let refusal)): "\(refusal)"
        }
    }

    private func revert(_ rollout: RolloutName, _ server: SimulatedServer) {
        let result = ask(server, "the revert of \(rollout)") {
            _ = try await $0.revert(rollout, to: nil, by: Operators.author)
        }
        note("operator", "revert \(rollout): \(Self.word(result))")
        if case .failure(.refused(.invalid)) = result { return }
        operators.reverted.insert(rollout)
    }

    func approve(_ server: SimulatedServer) {
        for rollout in operators.started {
            let result = ask(server, "an approval") {
                _ = try await $0.approve(rollout, by: Operators.approver)
            }
            if case .success = result { note("operator", "approves \(rollout)") }
        }
    }

    private func retire(_ server: SimulatedServer) {
        let device = luck.choice(devices, "people")
        guard luck.happens(1, in: 3, "people") else { return }
        // Whether it is stored or not: from now on nothing is demanded of it.
        let id = device.id
        let result = ask(server, "a retirement") {
            _ = try await $0.change(id, .retire(demandsWipe: false), by: Operators.author)
        }
        note("operator", "retires \(id): \(Self.word(result))")
        let stored = try? database.number(
            "SELECT count(*) FROM devices WHERE id = '\(id)' AND lifecycle = 'retired'")
        if stored ?? 0 > 0 { operators.retired.insert(id) }
    }

    private func changeDevice(_ server: SimulatedServer) {
        let id = luck.choice(devices, "people").id
        let change: Orchestrator.DeviceChange =
            switch luck.number(0...5, "people") {
            case 0: .hold(reason: "in the lab")
            case 1...3: .resume
            default: .unpin
            }
        let result = ask(server, "a change of \(id)") {
            _ = try await $0.change(id, change, by: Operators.author)
        }
        note("operator", "\(change) \(id): \(Self.word(result))")
    }

    private func withdraw(_ server: SimulatedServer) {
        guard luck.happens(1, in: 2, "people"), let published = keeper.published(),
            let release = published.images.last?.release
        else { return }
        do {
            let images = published.images.filter { $0.release == release }
            let targets = try keeper.targets(following: published, .withdraw(images), &luck)
            let result = ask(server, "a withdrawal") {
                _ = try await $0.publish(
                    MetadataSubmission(files: ["targets": targets]), by: Operators.author)
            }
            note("publisher", "withdraws \(release): \(Self.word(result))")
            operators.withdrawn.insert(release)
        } catch { fail("P1", "Publishes", "a withdrawal cannot be signed: \(error)") }
    }

    /// Lets devices of every version go to an old release, by a new entry with a higher counter.
    private func allowGoingBack() {
        guard let published = keeper.published(), published.images.count > 2 else { return }
        let release = luck.choice(published.images.map(\.release), "people")
        let counter = published.counter(for: release, afterAll: true)
        do {
            let images = try published.images.filter { $0.release == release }.map {
                try SignedImage(
                    $0.image, release: $0.release, hardware: $0.hardware, from: [],
                    counter: counter)
            }
            note("publisher", "lets devices go back to \(release)")
            publish(images) {}
        } catch { fail("P1", "Publishes", "an image cannot be listed anew: \(error)") }
    }
}

/// An image that arrives in one piece.
struct OnePiece: AsyncSequence, Sendable {
    let bytes: [UInt8]

    struct Iterator: AsyncIteratorProtocol {
        var left: [UInt8]?
        mutating func next() async -> [UInt8]? {
            defer { left = nil }
            return left
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(left: bytes) }
}
