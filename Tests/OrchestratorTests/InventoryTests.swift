import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// Devices that people know of before these speak, and what people set of those that do.
@Suite struct InventoryTests {
    private func row(
        _ device: TestDevice, hardware: String? = nil, withKey: Bool = false,
        _ attributes: [String: String] = [:], line: Int = 1
    ) throws -> NumberedRow {
        let row = InventoryRow(
            id: device.id, hardware: hardware.flatMap { HardwareModel($0) },
            publicKey: withKey ? device.key.ed25519PublicKey : nil,
            attributes: try Attributes(attributes))
        return NumberedRow(line: line, content: .success(row))
    }

    @discardableResult
    private func importing(
        _ rows: [NumberedRow], _ orchestrator: Orchestrator, isTrial: Bool = false,
        without permission: Permission? = nil
    ) async throws -> ImportReport {
        let permissions = Set(Permission.allCases.filter { $0 != permission })
        var importing = orchestrator.importing(
            isTrial: isTrial, by: World.author, with: permissions)
        try await importing.take(rows)
        return importing.report
    }

    private func stage(
        of device: TestDevice, _ orchestrator: Orchestrator
    ) async throws -> LifecycleStage? {
        let inventory = try await orchestrator.inventory(after: nil, limit: 100)
        return inventory.first { $0.row.id == device.id }?.lifecycle
    }

    @Test func takesInADeviceWhoseKeyIsKnownWithoutAToken() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.enrolmentToken = ""
        try await importing([try row(device, withKey: true)], orchestrator)
        #expect(try await stage(of: device, orchestrator) == .provisioned)

        _ = try await device.checkIn(orchestrator)

        #expect(try await stage(of: device, orchestrator) == .active)
        let inventory = try await orchestrator.inventory(after: nil, limit: 100)
        #expect(inventory.count == 1)
    }

    @Test func refusesTheTokenWithAnotherKeyThanTheInventoryHas() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let planned = TestDevice(1)
        var thief = TestDevice(id: planned.id, key: Keys.key(99), boot: planned.boot)
        try await importing([try row(planned, withKey: true)], orchestrator)

        await expectStranger { _ = try await thief.checkIn(orchestrator) }
        #expect(try await stage(of: planned, orchestrator) == .provisioned)
        #expect(try await orchestrator.applications().isEmpty)
    }

    @Test func refusesADeviceThatIsAnotherModelThanPlanned() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        try await importing([try row(device, hardware: "gw-9", withKey: true)], orchestrator)

        let refusal = try await refusal { _ = try await device.checkIn(orchestrator) }
        guard case .conflict = refusal else {
            Issue.record("\(refusal.map { "\($0)" } ?? "it was taken")")
            return
        }
        #expect(try await stage(of: device, orchestrator) == .provisioned)
    }

    @Test func aPlannedDeviceWaitsForAPersonToAcceptItsKey() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.enrolmentToken = ""
        try await importing([try row(device)], orchestrator)
        #expect(try await stage(of: device, orchestrator) == .planned)

        await expectStranger { _ = try await device.checkIn(orchestrator) }
        let waiting = try await orchestrator.applications()
        #expect(waiting.map(\.askedKey) == [device.key.ed25519PublicKey])
        _ = try await orchestrator.acceptKey(
            device.key.ed25519PublicKey, ofExpected: device.id, by: World.author)
        _ = try await device.checkIn(orchestrator)

        #expect(try await stage(of: device, orchestrator) == .active)
    }

    /// Somebody who asked in its name first does not keep a device out.
    @Test func acceptsTheKeyThatAPersonHasReadAtTheDevice() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.enrolmentToken = ""
        var thief = TestDevice(id: device.id, key: Keys.key(99), boot: device.boot)
        thief.enrolmentToken = ""
        try await importing([try row(device)], orchestrator)
        await expectStranger { _ = try await thief.checkIn(orchestrator) }

        let key = device.key.ed25519PublicKey
        _ = try await orchestrator.acceptKey(key, ofExpected: device.id, by: World.author)
        let refusal = try await refusal {
            _ = try await orchestrator.acceptKey(
                thief.key.ed25519PublicKey, ofExpected: device.id, by: World.author)
        }
        #expect(refusal == .conflict("device device-1 is expected with another key"))
        await expectStranger { _ = try await thief.checkIn(orchestrator) }
        _ = try await device.checkIn(orchestrator)
        #expect(try await stage(of: device, orchestrator) == .active)
    }

    @Test func oneThatNobodyPlannedIsForgottenAfterAWeek() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator(takesApplications: true)
        for number in [1, 2] {
            var device = TestDevice(number)
            device.enrolmentToken = ""
            await expectStranger { _ = try await device.checkIn(orchestrator) }
            world.clock.advance(seconds: 7 * 86_400 + 1)
        }
        let waiting = try await orchestrator.applications()
        #expect(waiting.map(\.row.id.text) == ["device-2"])
    }

    /// An import does nothing that its author could not do one by one.
    @Test func aRowNeedsThePermissionForWhatItDoes() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)

        let change = try await importing(
            [try row(device, ["site": "lab"])], orchestrator, without: .changeDevices)
        let key = try await importing(
            [try row(TestDevice(2), withKey: true)], orchestrator, without: .manageEnrolment)

        #expect(change.refused.count == 1)
        #expect(key.refused.count == 1)
        let known = try await orchestrator.device(device.id)
        #expect(known.setAttributes == .none)
        #expect(try await stage(of: TestDevice(2), orchestrator) == nil)
    }

    /// Unless operators want to hear of them, strangers leave nothing behind.
    @Test(arguments: [false, true])
    func aDeviceThatNobodyPlannedIsHeardOfOnlyWhereThatIsWanted(isWanted: Bool) async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator(takesApplications: isWanted)
        var device = TestDevice(1)
        device.enrolmentToken = ""

        await expectStranger { _ = try await device.checkIn(orchestrator) }

        #expect(try await orchestrator.applications().count == (isWanted ? 1 : 0))
    }

    @Test func aKeyThatWaitsIsNotReplacedAtOnce() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.enrolmentToken = ""
        var other = TestDevice(id: device.id, key: Keys.key(99), boot: device.boot)
        other.enrolmentToken = ""
        try await importing([try row(device)], orchestrator)
        await expectStranger { _ = try await device.checkIn(orchestrator) }

        await expectStranger { _ = try await other.checkIn(orchestrator) }
        let first = try await orchestrator.applications()
        #expect(first.map(\.askedKey) == [device.key.ed25519PublicKey])

        world.clock.advance(seconds: 86_400)
        await expectStranger { _ = try await other.checkIn(orchestrator) }
        let second = try await orchestrator.applications()
        #expect(second.map(\.askedKey) == [other.key.ed25519PublicKey])
    }

    @Test func whatOperatorsSetWinsOverWhatTheDeviceSays() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.attributes = try Attributes(["site": "paris", "carrier": "x"])
        try await importing([try row(device, ["site": "berlin"])], orchestrator)

        _ = try await device.checkIn(orchestrator)
        var known = try await orchestrator.device(device.id)
        #expect(known.attributes == (try Attributes(["site": "berlin", "carrier": "x"])))
        #expect(known.setAttributes == (try Attributes(["site": "berlin"])))

        device.attributes = try Attributes(["site": "rome"])
        _ = try await device.checkIn(orchestrator)
        known = try await orchestrator.device(device.id)
        #expect(known.attributes == (try Attributes(["site": "berlin"])))
        var query = DeviceQuery.all
        query.selector = #"site == "berlin""#
        let berlin = try await orchestrator.devices(query)
        #expect(berlin.items.count == 1)

        known = try await orchestrator.change(
            device.id, .setAttributes(["site": nil, "lab": "yes"]), by: World.author)
        #expect(known.attributes == (try Attributes(["site": "rome", "lab": "yes"])))
    }

    @Test func tellsWhatItMadeOfEachRowAndChangesNothingTwice() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var here = TestDevice(1)
        _ = try await here.checkIn(orchestrator)
        var gone = TestDevice(2)
        _ = try await gone.checkIn(orchestrator)
        _ = try await orchestrator.change(
            gone.id, .retire(demandsWipe: false), by: World.author)
        let rows = [
            try row(here, ["site": "berlin"], line: 2), try row(gone, line: 3),
            try row(TestDevice(3), line: 4), try row(TestDevice(3), line: 5),
        ]

        let trial = try await importing(rows, orchestrator, isTrial: true)
        let first = try await importing(rows, orchestrator)
        let second = try await importing(rows, orchestrator)

        #expect(trial == first)
        #expect((first.added, first.changed, first.unchanged) == (1, 1, 0))
        #expect(first.refused.map(\.line) == [3, 5])
        #expect((second.added, second.changed, second.unchanged) == (0, 0, 2))
        #expect(second.refused.map(\.line) == [3, 5])
    }

    @Test func aTrialStoresNothing() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()

        let report = try await importing([try row(TestDevice(1))], orchestrator, isTrial: true)

        #expect(report.added == 1)
        #expect(try await orchestrator.inventory(after: nil, limit: 100).isEmpty)
    }

    @Test func anImportCannotGiveAnEnrolledDeviceAnotherKey() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        let other = TestDevice(id: device.id, key: Keys.key(99), boot: device.boot)

        let report = try await importing([try row(other, withKey: true)], orchestrator)

        #expect(report.refused.count == 1)
        _ = try await device.checkIn(orchestrator)
    }

    @Test func givesTheInventoryInPages() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        _ = try await [TestDevice].enrolled(5, orchestrator)
        try await importing(
            try (5..<9).map { try row(TestDevice($0), line: $0) }, orchestrator)

        var seen: [DeviceID] = []
        while true {
            let page = try await orchestrator.inventory(after: seen.last, limit: 2)
            guard !page.isEmpty else { break }
            seen += page.map(\.row.id)
        }
        #expect(seen.map(\.text) == (0..<9).map { "device-\($0)" })
    }

    /// What nobody has heard of is not waited for, and is in no wave.
    @Test func aPlannedDeviceIsInNoDenominator() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        _ = try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await importing([try row(TestDevice(7), withKey: true)], orchestrator)

        let rollout = try await orchestrator.start(.simple("r"))
        #expect(rollout.waves.map(\.devices) == [1])
        try await devices.prove(0, orchestrator)
        world.clock.advance(seconds: 1)
        try await orchestrator.step()

        let done = try await orchestrator.simple()
        #expect(done.state == "completed")
    }
}
