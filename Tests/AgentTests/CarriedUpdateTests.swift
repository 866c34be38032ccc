import AgentSupport
import Agent
import JSON
import Model
import OpenSSL
import Testing
import Trust
import Wire

/// An update that somebody carries to the device: no network, and the same rules.
@Suite struct CarriedUpdateTests {
    private func firmware() throws -> Firmware { try Firmware("acme-gateway 2.0") }

    /// Installs from the stick and lets the machine live until the update has ended, one way or
    /// the other; then the network comes back.
    private func carry(_ world: World) throws -> World {
        world.server.isReachable = false
        try #require(world.agent).install(bundle: World.stick)
        world.run { ["proven", "failed"].contains($0.storedPhase?.word) }
        world.server.isReachable = true
        world.settle()
        return world
    }

    @Test func isProvenAtTheNextCheckInAndNeedsNoNetwork() throws {
        let world = try carry(World.carrying(firmware()))
        #expect(world.isProven)
        #expect(world.machine.confirmed.text == "b")
        #expect(world.server.transfers.isEmpty)
        #expect(world.server.story == ["proven", "idle"])
        let proof = try #require(world.server.checkIns.first)
        #expect(proof.phase.nonce?.text.hasPrefix("local-") == true)
        #expect(proof.boot.release == (try release("acme-gateway 2.0")))
        #expect(!world.machine.power.calls.contains { $0.hasPrefix("metadata ") })
    }

    /// The rank stays a floor: no older release comes after it, carried or offered.
    @Test func raisesTheFloor() throws {
        let world = try carry(World.carrying(firmware()))
        let older = try Firmware("acme-gateway 1.5")
        try world.server.repository.publish(older)
        world.bundles.bundles[World.stick] = FakeBundle(older, from: world.server.repository)
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.server.checkIns.contains { $0.phase.word == "failed" } }
        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.detail.contains("comes before 2.0") == true)
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let kind: FailureClass
        let reason: String
        let change: @Sendable (FakeBundle, World) throws -> Void
    }

    static let bad: [Bad] = [
        Bad(
            testDescription: "an expired timestamp", kind: .refused, reason: "expired",
            change: { bundle, world in
                let stale = try TestRepository(
                    holding: [Firmware("acme-gateway 2.0")], expiring: at(999_999))
                bundle.metadata = stale.metadata
            }),
        Bad(
            testDescription: "the metadata of a foreign root", kind: .refused,
            reason: "timestamp.json",
            change: { bundle, _ in
                var foreign = bundle.metadata
                let timestamp = try #require(foreign["timestamp.json"])
                foreign["timestamp.json"] = try resigned(timestamp, by: key(77))
                bundle.metadata = foreign
            }),
        Bad(
            testDescription: "an older release", kind: .refused, reason: "comes before 1.0",
            change: { bundle, world in
                let old = try Firmware("acme-gateway 0.9")
                try world.server.repository.publish(old)
                bundle.take(old, from: world.server.repository)
            }),
        Bad(
            testDescription: "an image for other hardware", kind: .refused,
            reason: "it is made for gw-9",
            change: { bundle, world in
                let other = try Firmware("acme-gateway 2.2", hardware: ["gw-9"])
                try world.server.repository.publish(other)
                bundle.take(other, from: world.server.repository)
            }),
        Bad(
            testDescription: "an image that is not signed", kind: .refused,
            reason: "no signed targets metadata lists it",
            change: { bundle, world in
                bundle.take(try Firmware("acme-gateway 6.6.6"), from: world.server.repository)
            }),
        Bad(
            testDescription: "a manifest that calls it newer than it is", kind: .refused,
            reason: "the signed metadata says acme-gateway 2.0",
            change: { bundle, _ in bundle.release = try release("acme-gateway 9.0") }),
        Bad(
            testDescription: "no timestamp", kind: .refused, reason: "timestamp",
            change: { bundle, _ in bundle.metadata["timestamp.json"] = nil }),
        Bad(
            testDescription: "a truncated image", kind: .download, reason: "ends early",
            change: { bundle, _ in bundle.bytes.removeLast(5000) }),
        Bad(
            testDescription: "an endless image", kind: .refused, reason: "endless",
            change: { bundle, _ in bundle.isEndless = true }),
    ]

    private static func resigned(_ file: [UInt8], by key: PrivateKey) throws -> [UInt8] {
        let envelope = try SignedEnvelope(
            parsing: file, limits: .standard(bytes: 65_536), maximumSignatures: 8)
        let signature = SignedEnvelope.Signature(
            keyID: key.keyID.text, bytes: try key.sign(envelope.payload))
        guard case .object(let signed) = envelope.signed else { return [] }
        return SignedEnvelope(signed: signed, signatures: [signature]).bytes
    }

    @Test(arguments: bad)
    func isRefusedAndReportedLikeFromTheNetwork(bad: Bad) throws {
        let world = try carry(World.carrying(firmware(), change: bad.change))
        #expect(world.failure?.kind == bad.kind, "\(String(describing: world.failure))")
        let detail = world.failure?.detail ?? ""
        #expect(detail.contains(bad.reason), "\(detail)")
        #expect(world.machine.confirmed.text == "a")
        #expect(world.machine.trial == nil)
    }

    /// What was trusted once is not gone back behind, whoever brings it.
    @Test func metadataOlderThanWhatIsTrustedIsRefused() throws {
        let old = try Firmware("acme-gateway 2.0")
        let world = try World.carrying(old)
        let stale = FakeBundle(old, from: world.server.repository)
        let new = try Firmware("acme-gateway 3.0")
        try world.server.repository.publish(new)
        world.bundles.bundles[World.stick] = FakeBundle(new, from: world.server.repository)
        world.machine.firmware.append(new)
        world.server.goal = new
        #expect(try carry(world).isProven)
        world.bundles.bundles[World.stick] = stale
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.failure != nil }
        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.indicator == .rollback)
        #expect(world.machine.confirmed.text == "b")
    }

    /// One bit of anything that counts is another thing; none of it is ever booted.
    @Test func aFlippedBitAnywhereIsRefused() throws {
        let whole = FakeBundle(
            try firmware(), from: try World(wanting: firmware()).server.repository)
        let signed = ["timestamp.json", "2.snapshot.json", "2.targets.json"]
        var places = signed.flatMap { name in
            stride(from: 0, to: whole.metadata[name, default: []].count, by: 41).map { (name, $0) }
        }
        places += stride(from: 0, to: whole.bytes.count, by: 2111).map { ("image", $0) }
        #expect(places.count > 60)
        for (name, index) in places {
            let world = try World.carrying(firmware()) { bundle, _ in
                if name == "image" {
                    bundle.bytes[index] ^= 1
                } else {
                    bundle.metadata[name]?[index] ^= 1
                }
            }
            let end = try carry(world)
            #expect(end.failure?.kind == .refused, "\(name) at \(index)")
            #expect(end.machine.confirmed.text == "a", "\(name) at \(index)")
        }
    }

    @Test func theStickThatIsPulledOutFailsTheUpdate() throws {
        let world = try World.carrying(firmware())
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.storedPhase?.word == "downloading" }
        world.bundles.bundles = [:]
        world.settle()
        #expect(world.failure?.kind == .download)
        #expect(world.failure?.detail.contains("does not exist") == true)
    }

    @Test func theServersWishesWaitUntilItHasEnded() throws {
        let world = try World.carrying(firmware())
        let other = try Firmware("acme-gateway 3.0")
        try world.server.repository.publish(other)
        let offered = try sign(offer(other), by: key(5))
        try #require(world.agent).install(bundle: World.stick)
        world.server.order = { checkIn in
            guard let nonce = checkIn.phase.nonce, checkIn.phase.word != "proven" else {
                return nil
            }
            return checkIn.sequence % 2 == 0 ? .offer(offered) : .cancel(nonce)
        }
        world.run { $0.machine.confirmed.text == "b" }
        #expect(world.machine.running?.signed.release == (try release("acme-gateway 2.0")))
    }

    // MARK: P5

    private static func calls(_ conduct: Firmware.Conduct) throws -> [String] {
        try life(conduct, cutAt: []).machine.power.calls
    }

    private static func life(
        _ conduct: Firmware.Conduct, cutAt cuts: Set<Int>
    ) throws -> World {
        let world = try World.carrying(Firmware("acme-gateway 2.0", conduct: conduct))
        world.machine.power.cuts = cuts
        // The stick stays in, and the person goes on until the device has taken it.
        var isTaken = false
        world.run(maximumSteps: 400) { world in
            if !isTaken {
                world.installFromStick()
                isTaken = world.storedPhase.map { $0 != .idle } ?? false
            }
            return isTaken && world.server.isSettled
        }
        #expect(world.violations == [])
        return world
    }

    private static func wasCutBeforeTheNewImageSpoke(_ calls: [String]) -> Bool {
        calls.indices.contains { index in
            guard ["reboot", "cut before: reboot"].contains(calls[index]) else { return false }
            let next = calls[(index + 1)...].prefix(2)
            return next.first == "cut before: read b"
                || Array(next) == ["read b", "cut before: save trial"]
        }
    }

    @Test func aCutAtAnyInstantIsResumedOrUndone() throws {
        let calls = try Self.calls(.healthy)
        #expect(calls.count > 45)
        for cut in calls.indices {
            let world = try Self.life(.healthy, cutAt: [cut])
            let place = "cut \(cut), before \(calls[cut])"
            let isUndone = Self.wasCutBeforeTheNewImageSpoke(world.machine.power.calls)
            #expect(world.isProven == !isUndone, "\(place)")
            #expect(world.machine.confirmed.text == (isUndone ? "a" : "b"), "\(place)")
            #expect(world.machine.trial == nil, "\(place)")
            #expect(world.storedPhase == .idle, "\(place)")
        }
    }

    @Test func aBadOneIsUndoneWhereverItIsCut() throws {
        let calls = try Self.calls(.unhealthy)
        for cut in calls.indices {
            let world = try Self.life(.unhealthy, cutAt: [cut])
            let place = "cut \(cut), before \(calls[cut])"
            #expect(world.failure != nil, "\(place)")
            #expect(world.machine.confirmed.text == "a", "\(place)")
            #expect(world.machine.trial == nil, "\(place)")
        }
    }
}

extension FakeBundle {
    /// Carries `firmware` instead, with everything that `repository` serves.
    fileprivate func take(_ firmware: Firmware, from repository: TestRepository) {
        release = firmware.signed.release
        image = firmware.signed.image
        bytes = firmware.bytes
        metadata = repository.metadata
    }
}
