import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// Answers that are not the server's, not for this device, or not for this check-in.
@Suite struct DirectiveTests {
    enum Attack: String, CaseIterable {
        case forged, forAnotherDevice, forAnotherCheckIn, unsigned, anotherKind, garbage
    }

    private func answer(
        _ attack: Attack, _ checkIn: CheckIn, _ directive: Directive
    ) throws -> [UInt8] {
        var directive = directive
        switch attack {
        case .forged: return try sign(directive, by: key(66)).bytes
        case .forAnotherDevice: directive.device = try device("device-2")
        case .forAnotherCheckIn: directive.answers += 1
        case .unsigned:
            let signed = try sign(directive, by: key(66))
            return Array(
                String(decoding: signed.bytes, as: UTF8.self)
                    .replacing(try key(66).keyID.text, with: try key(5).keyID.text).utf8)
        case .anotherKind: return try sign(checkIn, by: key(5)).bytes
        case .garbage: return [0x7b, 0xff, 0x00]
        }
        return try sign(directive, by: key(5)).bytes
    }

    @Test(arguments: Attack.allCases)
    func isNotObeyed(attack: Attack) throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.answer = { try answer(attack, $0, $1) }
        world.run { $0.pauses.count == 5 }
        #expect(world.storedPhase == .idle)
        #expect(world.agent?.state.isEnrolled == false)
        #expect(world.server.transfers.isEmpty)
        world.server.answer = nil
        world.settle()
        #expect(world.isProven)
    }

    @Test(arguments: [Attack.forged, .forAnotherDevice, .forAnotherCheckIn, .unsigned])
    func tellsWhoeverLooksThatItMayBeForged(attack: Attack) throws {
        let world = try World(wanting: nil)
        world.server.answer = { try answer(attack, $0, $1) }
        world.run { $0.pauses.count == 1 }
        #expect(world.distrust.count == 1)
        #expect(world.distrust.first?.contains("may be forged or replayed") == true)
    }

    @Test func anAnswerToAnEarlierCheckInIsNotObeyed() throws {
        let world = try World(wanting: nil)
        var recorded: [UInt8]?
        world.server.answer = { checkIn, directive in
            if let recorded { return recorded }
            var directive = directive
            directive.order = .retire(wipe: false)
            let bytes = try sign(directive, by: key(5)).bytes
            recorded = bytes
            return bytes
        }
        world.run { $0.pauses.count == 1 }
        #expect(world.agent?.state.isRetired == true)
        world.run { $0.pauses.count == 3 }
        #expect(world.distrust.count == 2)
    }

    @Test func aRotatedOfferKeyIsFoundByARefresh() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.offersLeft = 0
        world.run { $0.server.checkIns.count == 1 }
        try world.server.repository.rotateOfferKey(to: key(55))
        world.server.offersLeft = 1
        world.settle()
        #expect(world.isProven)
        #expect(world.distrust.isEmpty)
        #expect(world.machine.power.calls.contains("keep root.json"))
    }

    @Test func theOldOfferKeyIsNotObeyedAfterTheRotation() throws {
        let world = try World(wanting: nil)
        try world.server.repository.rotateOfferKey(to: key(55))
        world.run { $0.server.checkIns.count == 1 }
        world.server.answer = { try sign($1, by: key(5)).bytes }
        world.run { $0.server.checkIns.count == 4 }
        #expect(world.distrust.count >= 2)
    }

    @Test(arguments: ["cancel", "retire"])
    func stopsADownload(order: String) throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.timeOfEachPiece = .seconds(20)
        world.server.order = { checkIn in
            guard case .downloading(let nonce, _, _) = checkIn.phase else { return nil }
            return order == "cancel" ? .cancel(nonce) : .retire(wipe: false)
        }
        try begin(world)
        world.run { $0.storedPhase == .idle }
        #expect(world.server.transfers == [0])
        #expect(world.machine.power.calls.count { $0 == "write b" } == 2)
        #expect(world.agent?.state.isRetired == (order == "retire"))
        world.server.order = nil
        world.run { $0.server.checkIns.last?.phase == .idle }
        #expect(world.machine.trial == nil)
    }

    /// Takes an offer, which `order` would not have made.
    private func begin(_ world: World) throws {
        let order = world.server.order
        world.server.order = nil
        world.run { $0.storedPhase?.word == "downloading" }
        world.server.order = order
    }

    @Test func aCancelOfAnotherOfferStopsNothing() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.timeOfEachPiece = .seconds(20)
        try begin(world)
        world.server.order = { checkIn in
            checkIn.phase.word == "downloading" ? .cancel(try nonce("n7")) : nil
        }
        world.run { $0.storedPhase?.word == "installed" }
        #expect(world.server.transfers == [0])
    }

    @Test func aTrialIsNotCancelled() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        world.server.order = { $0.phase.nonce.map { .cancel($0) } }
        world.run { $0.machine.confirmed.text == "b" }
        #expect(world.violations == [])
    }

    @Test func anotherOfferTakesThePlaceOfTheFirst() throws {
        let second = try Firmware("acme-gateway 2.1")
        let world = try World(wanting: Firmware("acme-gateway 2.0"), others: [second])
        world.server.timeOfEachPiece = .seconds(20)
        try begin(world)
        world.server.order = { checkIn in
            checkIn.phase.word == "downloading"
                ? .offer(try sign(offer(second, nonce: "n2"), by: key(5))) : nil
        }
        world.run { $0.storedPhase?.job?.nonce.text == "n2" }
        world.run { $0.machine.confirmed.text == "b" }
        #expect(world.machine.running?.digest == second.digest)
    }

    @Test func theLeaseIsRenewedInTimeUnderTheSameNonce() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.lease = .seconds(30)
        world.server.timeOfEachPiece = .seconds(5)
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers == [0])
        let reports = world.server.checkIns.filter { $0.phase.word == "downloading" }
        #expect(reports.count >= 4)
        #expect(Set(reports.map(\.phase.nonce?.text)) == ["n1"])
    }

    @Test func reportsHowFarTheDownloadIs() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.timeOfEachPiece = .seconds(31)
        world.settle()
        let done = world.server.checkIns.compactMap { checkIn -> Int64? in
            guard case .downloading(_, let done, 50_001) = checkIn.phase else { return nil }
            return done
        }
        #expect(done == (1...12).map { $0 * 4096 } + [50_001])
    }
}
