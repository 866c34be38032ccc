import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// What the signers say of an image counts on the device, whatever the server offers.
@Suite struct SignedConditionsTests {
    /// The counter of what was confirmed, which the state keeps.
    private func confirmed(_ world: World) throws -> ReleaseRank? {
        world.agent?.state.newestConfirmed[try release("acme-gateway 1.0").name]
    }

    @Test func aHigherCounterLeadsBackAndThenStaysTheFloor() throws {
        let newer = try Firmware("acme-gateway 1.5")
        let world = try World(wanting: Firmware("acme-gateway 0.9", counter: 2), others: [newer])
        world.settle()
        #expect(world.isProven)
        #expect(try confirmed(world) == ReleaseRank(counter: 2, version: version("0.9")))

        let count = world.server.checkIns.count
        world.server.goal = newer
        world.server.offersLeft = 1
        world.run { $0.server.checkIns.dropFirst(count).contains { $0.phase.word == "failed" } }

        #expect(world.failure?.indicator == .rollback)
        #expect(world.machine.running?.signed.release == (try release("acme-gateway 0.9")))
    }

    @Test func theCounterOutlivesARestart() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0", counter: 7))
        world.settle()
        world.reboot()
        try world.start()
        #expect(try confirmed(world)?.counter == 7)
    }

    @Test func anImageThatIsWithdrawnWhileItIsFetchedIsNotTried() throws {
        let firmware = try Firmware("acme-gateway 2.0")
        let world = try World(wanting: firmware)
        world.run { !$0.server.transfers.isEmpty }
        try world.server.repository.withdraw(firmware)
        world.settle()

        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.detail.contains("withdrawn") == true)
        #expect(world.machine.boots == 1)
    }

    @Test func aServerThatIsSilentAfterTheDownloadIsAskedAgain() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "verifying" }
        world.server.isReachable = false
        let pauses = world.pauses.count
        world.run { $0.pauses.count > pauses }
        world.server.isReachable = true
        world.settle()
        #expect(world.isProven)
    }

    @Test func findsAnImageThatADelegatedRoleSigned() throws {
        let firmware = try Firmware("acme-gateway 2.0")
        let world = try World(wanting: nil)
        try world.server.repository.delegate(to: "gateways", paths: "acme-gateway/*", firmware)
        world.machine.firmware.append(firmware)
        world.server.goal = firmware
        world.settle()
        #expect(world.isProven)
        #expect(world.machine.store.metadata["gateways.json"] != nil)
    }

    @Test func aDelegatedRoleSpeaksOnlyForItsPaths() throws {
        let firmware = try Firmware("acme-gateway 2.0")
        let world = try World(wanting: nil)
        try world.server.repository.delegate(to: "cameras", paths: "acme-camera/*", firmware)
        world.server.goal = firmware
        world.settle()
        #expect(world.failure?.indicator == .arbitraryInstallation)
    }

    @Test(arguments: [
        (AttackIndicator.freeze, at(999_999)), (nil, later),
    ])
    func whatMayBeAnAttackIsReportedAsSuch(
        expected: AttackIndicator?, expiry: Instant
    ) throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"), metadataEnds: expiry)
        world.settle()
        #expect(world.failure?.indicator == expected)
    }
}
