import Model
import OpenSSL
import Orchestrator
import Testing
import Wire

/// Who may speak, and for whom.
@Suite struct EnrolmentTests {
    @Test func enrolsADeviceThatShowsTheToken() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.attributes = try Attributes(["site": "berlin"])

        _ = try await device.checkIn(orchestrator)

        let known = try await orchestrator.device(device.id)
        #expect(known.boot == device.boot)
        #expect(known.attributes["site"] == "berlin")
        #expect(known.lastSeen == world.clock.now)
    }

    @Test(arguments: [nil, "", "another token"])
    func refusesAnUnknownDeviceWithoutTheToken(token: String?) async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.enrolmentToken = token

        await expectStranger { _ = try await device.checkIn(orchestrator) }
        #expect(try await orchestrator.devices().items.isEmpty)
    }

    @Test func refusesAKnownDevicesNameUnderAnotherKey() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)

        let forged = try device.signed(sequence: 9, by: Keys.key(77))
        await expectStranger { _ = try await orchestrator.checkIn(forged.bytes) }
    }

    @Test func refusesEveryChangedByteOfTheSignedPart() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        let before = try await orchestrator.device(device.id)
        let bytes = try device.message().bytes

        var refused = 0
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[index] ^= 1
            do { _ = try await orchestrator.checkIn(changed) } catch { refused += 1 }
        }
        #expect(refused == (bytes.count + 6) / 7)
        let told = try await orchestrator.device(device.id)
        #expect(told == before)
    }

    @Test func refusesAReplayedCheckIn() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        let first = try device.message().bytes
        _ = try await orchestrator.checkIn(first)

        do {
            _ = try await orchestrator.checkIn(first)
            Issue.record("a replay was taken")
        } catch {
            guard case .conflict = error else {
                Issue.record(error)
                return
            }
        }
    }

    @Test func refusesAMessageThatIsTooLong() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array(repeating: UInt8(ascii: " "), count: 65_537)

        do {
            _ = try await orchestrator.checkIn(bytes)
            Issue.record("65,537 bytes were taken")
        } catch {
            guard case .malformed = error else {
                Issue.record(error)
                return
            }
        }
    }
}
