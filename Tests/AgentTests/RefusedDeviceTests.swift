import AgentSupport
import Agent
import Model
import OpenSSL
import Testing
import Wire

/// A server that can be reached and takes no check-in of this device.
@Suite struct RefusedDeviceTests {
    private static let reasons = [
        // The key was lost in a factory reset, and a new one made.
        "device device-1 has another key",
        "the enrolment token was used already",
    ]

    private func refused(_ body: String, status: Int = 401) throws -> World {
        let world = try World(wanting: nil)
        world.server.answer = { _, _ in
            throw TransportError.refused(status: status, body)
        }
        world.run { $0.pauses.count == 3 }
        return world
    }

    private func complaints(_ world: World) -> [String] {
        world.observer.notices.compactMap { notice in
            guard case .checkInFailed(let reason) = notice else { return nil }
            return reason
        }
    }

    @Test(arguments: reasons) func theReasonOfTheServerIsTold(reason: String) throws {
        let body = String(decoding: ErrorAnswer(error: reason).bytes, as: UTF8.self)
        let world = try refused(body)
        let sentence = "the server refuses this device (401): \(reason)"
        #expect(complaints(world) == [sentence, sentence, sentence])
        #expect(world.agent?.refusal == sentence)
    }

    @Test func itIsAskedLessAndLess() throws {
        let world = try refused("{}")
        #expect(world.pauses == [.seconds(1), .seconds(2), .seconds(4)])
    }

    @Test func anAnswerThatIsNoneOfOursIsToldAsItIs() throws {
        #expect(
            try refused("<html>", status: 403).agent?.refusal
                == "the server refuses this device (403): <html>")
    }

    /// An operator lets the device enrol again.
    @Test func itIsForgottenOnceTheServerTakesACheckIn() throws {
        let world = try refused("{}")
        world.server.isReachable = false
        world.run { $0.pauses.count == 4 }
        #expect(world.agent?.refusal != nil)
        #expect(complaints(world).last?.contains("cannot be reached") == true)
        world.server.isReachable = true
        world.server.answer = nil
        world.run { $0.pauses.count == 5 }
        #expect(world.agent?.refusal == nil)
    }

    /// A key that was lost and made anew shows the token again, though the state says "enrolled".
    @Test func anotherKeyEnrolsAnew() throws {
        let world = try World(wanting: nil)
        world.run { $0.server.checkIns.count == 2 }
        #expect(world.server.checkIns.map { $0.enrolment != nil } == [true, false])
        var state = try AgentState(parsing: #require(world.machine.store.state))
        #expect(state.enrolledKey == (try TestIdentity().publicKey))
        state.enrolledKey = try key(77).ed25519PublicKey
        world.machine.store.state = state.bytes
        world.reboot()
        world.run { $0.server.checkIns.count == 4 }
        #expect(world.server.checkIns.map { $0.enrolment != nil } == [true, false, true, false])
    }

    @Test(arguments: [429, 500, 503]) func aServerInTroubleRefusesNobody(status: Int) throws {
        #expect(try refused("busy", status: status).agent?.refusal == nil)
    }
}
