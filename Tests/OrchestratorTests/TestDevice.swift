import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Trust
import Wire

/// A device that says what a test tells it to say.
struct TestDevice {
    let id: DeviceID
    let key: Ed25519PrivateKey
    var sequence: Int64 = 0
    var boot: BootReport
    var hardware = must(HardwareModel("gw-2"))
    var attributes = Attributes.none
    var enrolmentToken: String? = World.enrolmentToken
    var wipe: WipeReport?

    init(_ number: Int) {
        id = must(DeviceID("device-\(number)"))
        key = Keys.key(UInt8(100 + number % 150))
        boot = BootReport(
            slot: must(SlotName("a")), bootID: must(BootID("boot-0")),
            release: ReleaseID("acme 1.0.0"),
            sha256: OpenSSLHashing().sha256(Array("image 1.0.0".utf8)), isConfirmed: true)
    }

    init(id: DeviceID, key: Ed25519PrivateKey, boot: BootReport) {
        self.id = id
        self.key = key
        self.boot = boot
    }

    mutating func message(_ phase: PhaseReport = .idle) throws -> SignedMessage<CheckIn> {
        sequence += 1
        return try signed(sequence: sequence, phase)
    }

    func signed(
        sequence: Int64, _ phase: PhaseReport = .idle, by other: Ed25519PrivateKey? = nil
    ) throws -> SignedMessage<CheckIn> {
        let signer = other ?? key
        return try SignedMessage(
            signing: CheckIn(
                device: id, hardware: hardware, sequence: sequence, boot: boot, phase: phase,
                attributes: attributes,
                enrolment: enrolmentToken.map {
                    Enrolment(publicKey: key.ed25519PublicKey, token: $0)
                }, wipe: wipe),
            keyID: must(KeyID(signer.ed25519PublicKey.hex)), with: { try signer.sign($0) })
    }

    /// Checks in and returns the directive, whose signature was checked.
    mutating func checkIn(
        _ orchestrator: Orchestrator, _ phase: PhaseReport = .idle
    ) async throws -> Directive {
        let answer = try await orchestrator.checkIn(try message(phase).bytes)
        let directive = try SignedMessage<Directive>(parsing: answer, limitBytes: 65_536)
        let offerKey = Keys().offer
        let keyID = offerKey.publicKey.keyID(hashing: OpenSSLHashing())
        guard let signature = directive.signatures[keyID],
            OpenSSLSignatureChecker().isValid(
                signature, by: offerKey.publicKey, over: directive.payload),
            directive.unverified.device == id, directive.unverified.answers == sequence
        else { throw UnsignedDirective() }
        return directive.unverified
    }

    struct UnsignedDirective: Error {}

    /// Boots the image of `offer` as a device does that keeps it.
    mutating func boots(_ offer: Offer) {
        boot = BootReport(
            slot: must(SlotName(boot.slot.text == "a" ? "b" : "a")),
            bootID: must(BootID("boot-\(sequence)")), release: offer.release,
            sha256: offer.image.sha256, isConfirmed: true)
    }
}

extension Directive {
    var offer: Offer? {
        if case .offer(let offer) = order { offer.unverified } else { nil }
    }
}

extension RolloutFile {
    /// Everybody in one wave; no limit that bites.
    static func simple(
        _ name: String, release: String = "acme 2.0.0", waves: [Wave]? = nil,
        gate: Gate = Gate(overdueAfter: "60s"), concurrent: Int = 1000,
        _ change: (inout RolloutFile) -> Void = { _ in }
    ) -> RolloutFile {
        var file = RolloutFile(
            rollout: name, release: release, devices: "all",
            waves: waves ?? [Wave(name: "everybody", percent: "100")], gate: gate,
            limits: Limits(concurrent: concurrent))
        change(&file)
        return file
    }
}

extension [TestDevice] {
    /// Devices that have checked in once.
    static func enrolled(_ count: Int, _ orchestrator: Orchestrator) async throws -> Self {
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        return devices
    }

    /// The device takes its offer, boots it and proves it.
    mutating func prove(_ index: Int, _ orchestrator: Orchestrator) async throws {
        let offer = try #require(try await self[index].checkIn(orchestrator).offer)
        self[index].boots(offer)
        _ = try await self[index].checkIn(orchestrator, .proven(offer.nonce))
    }

    /// The device takes its offer and fails.
    mutating func fail(
        _ index: Int, _ kind: FailureClass = .health, _ orchestrator: Orchestrator
    ) async throws {
        let offer = try #require(try await self[index].checkIn(orchestrator).offer)
        _ = try await self[index].checkIn(
            orchestrator, .failed(offer.nonce, Failure(kind, "it smokes")))
    }
}

extension Orchestrator {
    /// Plans and starts in one go.
    @discardableResult
    func start(_ file: RolloutFile) async throws -> RolloutSummary {
        let plan = try await plan(file)
        return try await start(StartRequest(file: file, digest: plan.digest))
    }

    func start(_ request: StartRequest) async throws(Refusal) -> RolloutSummary {
        try await start(request, by: World.author)
    }

    /// The rollout that most tests call `r`.
    func simple(_ name: String = "r") async throws -> RolloutSummary {
        try await rollout(must(RolloutName(name)))
    }

    func control(
        _ name: RolloutName, _ control: Control
    ) async throws(Refusal) -> RolloutSummary {
        try await self.control(name, control, by: World.author)
    }
}
