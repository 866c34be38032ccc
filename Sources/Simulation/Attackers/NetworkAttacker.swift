internal import Model
internal import Orchestrator
internal import Stores
internal import Trust
internal import Wire

/// Somebody who owns the network between a device and its server, and none of the keys.
extension FleetSimulation {
    func intercepted(_ answer: [UInt8], to device: SimulatedDevice) -> [UInt8] {
        if faults.contains(.thief) { return forgedByThief(answer, to: device) }
        guard isAtWork(.network) else { return answer }
        let old = device.oldAnswers
        device.oldAnswers = old.suffix(9) + [answer]
        guard luck.happens(1, in: 25, "network") else { return answer }
        note("attacker", "replaces an answer to \(device.id)")
        switch luck.number(0...2, "network") {
        case 0 where !old.isEmpty: return luck.choice(old, "network")
        case 1:
            let others = devices.flatMap(\.oldAnswers)
            return others.isEmpty ? answer : luck.choice(others, "network")
        default: return resigned(answer) ?? answer
        }
    }

    /// The answer with an order that the attacker has signed by a key of his own.
    private func resigned(_ answer: [UInt8]) -> [UInt8]? {
        guard let directive = try? SignedMessage<Directive>(parsing: answer, limitBytes: 65_536)
        else { return nil }
        let evil = SimulatedKey(&luck, "attacker", ring)
        var forged = directive.unverified
        forged.order = .retire(wipe: true)
        forged.checkInAfterSeconds = 1_000_000
        return sign(forged, by: evil)
    }

    func sign(_ content: some WireMessage, by key: SimulatedKey) -> [UInt8]? {
        let id = key.publicKey.keyID(hashing: cryptography.hashing)
        return try? SignedMessage(signing: content, keyID: id) { try key.sign($0) }.bytes
    }

    func interceptedMetadata(_ name: String, for device: SimulatedDevice) -> [UInt8]? {
        if faults.contains(.thief), let forged = thief.metadata[name] { return forged }
        let honest = repository.metadata(name)
        guard isAtWork(.network), luck.happens(1, in: 25, "network") else { return honest }
        note("attacker", "replaces \(name) for \(device.id)")
        switch luck.number(0...3, "network") {
        case 0: return luck.choice(repository.old(name) + [honest ?? []], "network")
        case 1: return repository.metadata(luck.choice(repository.names, "network"))
        case 2: return nil
        default: return Array(repeating: 0x7b, count: 6_000_000)
        }
    }

    func interceptedImage(_ path: String, for device: SimulatedDevice) -> [UInt8]? {
        if faults.contains(.thief), let forged = thief.images[path] { return forged }
        let honest = repository.image(path)
        guard isAtWork(.network), luck.happens(1, in: 25, "network") else { return honest }
        note("attacker", "replaces an image for \(device.id)")
        switch luck.number(0...2, "network") {
        case 0: return luck.choice(keeper.firmware, "network").bytes
        case 1: return honest.map { $0 + luck.bytes(600, "network") }
        default: return honest.map { luck.bytes($0.count, "network") }
        }
    }

    /// Somebody without a device's key says something in its name.
    func forgeCheckIn() {
        guard let server = servers.first(where: \.isUp) else { return }
        let device = luck.choice(devices, "forgery")
        let open = books.open.values.filter { $0.device == device.id.text }
            .sorted { $0.number < $1.number }
        let evil = SimulatedKey(&luck, "attacker", ring)
        guard let nonce = open.last.flatMap({ Nonce($0.nonce) }) ?? Nonce("made-up"),
            let digest = open.last.flatMap({ Digest(hex: $0.sha256) })
                ?? device.runs?.digest,
            let bootID = BootID("boot-\(luck.number(1000...9999, "forgery"))")
        else { return }
        let forged = CheckIn(
            device: device.id, hardware: device.hardware, sequence: 1_000_000_000,
            boot: BootReport(
                slot: SimulatedDevice.slotName("b"), bootID: bootID, release: nil, sha256: digest,
                isConfirmed: true),
            phase: .proven(nonce), attributes: nil,
            enrolment: luck.happens(1, in: 2, "forgery")
                ? Enrolment(publicKey: evil.ed25519, token: "a guess") : nil)
        guard let keyID = KeyID(evil.ed25519.hex),
            let message = try? SignedMessage(
                signing: forged, keyID: keyID, with: { try evil.sign($0) })
        else { return }
        note("attacker", "says in the name of \(device.id) that its offer is proven")
        let known =
            (try? database.number(
                "SELECT count(*) FROM devices WHERE id = '\(device.id)'")) ?? 0
        let result = ask(server, "a forged check-in", isDisturbed: false) {
            try await $0.checkIn(message.bytes)
        }
        guard known > 0, case .success = result else { return }
        fail(
            "P2", "ForgeriesAreRefused", "a check-in that \(device.id) never signed is taken",
            [device])
    }
}
