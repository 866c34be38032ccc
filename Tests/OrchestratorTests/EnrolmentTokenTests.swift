import Foundation
import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// Enrolment tokens let in whom they are for, as often as they say, and nobody else.
@Suite struct EnrolmentTokenTests {
    private struct Scene {
        let world: World
        let orchestrator: Orchestrator

        func token(
            _ terms: EnrolmentTerms = EnrolmentTerms(), seconds: Int64 = 3600
        ) async throws -> NewEnrolmentToken {
            try await orchestrator.makeEnrolmentToken(
                EnrolmentTokenRequest(terms: terms, lifetimeSeconds: seconds),
                by: TokenTests.root)
        }

        func used(_ token: NewEnrolmentToken) async throws -> Int? {
            try await orchestrator.enrolmentTokens().first { $0.id == token.token.id }?.used
        }

        /// What the device is told that tries to enrol; `nil` when it was let in.
        func refusal(
            _ number: Int, showing token: String?,
            _ change: (inout TestDevice) -> Void = { _ in }
        ) async throws -> String? {
            var device = TestDevice(number)
            device.enrolmentToken = token
            change(&device)
            do { _ = try await device.checkIn(orchestrator) } catch Refusal.stranger(let reason) {
                return reason.replacing(device.id.text, with: "X")
            }
            return nil
        }
    }

    private func scene() async throws -> Scene {
        let world = try World()
        return Scene(world: world, orchestrator: try await world.orchestrator())
    }

    private static let sentence =
        "device X is not known here by this key, and nothing that it shows lets it enrol"

    @Test func letsInOneDeviceAndNoMore() async throws {
        let scene = try await scene()
        let token = try await scene.token()
        #expect(token.text.wholeMatch(of: /sle_[0-9a-f]{16}_[0-9a-f]{64}/) != nil)
        #expect(try await scene.refusal(1, showing: token.text) == nil)
        #expect(try await scene.refusal(2, showing: token.text) == Self.sentence)
        #expect(try await scene.used(token) == 1)
        #expect(try await scene.orchestrator.devices().items.count == 1)
        // A device that is known shows it for nothing.
        var known = TestDevice(1)
        known.sequence = 1
        known.enrolmentToken = token.text
        _ = try await known.checkIn(scene.orchestrator)
        #expect(try await scene.used(token) == 1)
    }

    /// Whoever asks at once shares nothing: each use lets in one.
    @Test func twoDevicesCannotUseUpOneUse() async throws {
        let scene = try await scene()
        let other = try await scene.world.orchestrator()
        let token = try await scene.token(EnrolmentTerms(uses: 5))
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<24 {
                group.addTask {
                    var device = TestDevice(number)
                    device.enrolmentToken = token.text
                    let server = number.isMultiple(of: 2) ? scene.orchestrator : other
                    do { _ = try await device.checkIn(server) } catch Refusal.stranger {
                        return false
                    }
                    return true
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(admitted == 5)
        #expect(try await scene.orchestrator.devices().items.count == 5)
        #expect(try await scene.used(token) == 5)
    }

    @Test func expiresAndIsRevokedAtOnce() async throws {
        let scene = try await scene()
        let short = try await scene.token(EnrolmentTerms(uses: 9), seconds: 60)
        let other = try await scene.token(EnrolmentTerms(uses: 9))
        #expect(try await scene.refusal(1, showing: short.text) == nil)
        scene.world.clock.advance(seconds: 60)
        #expect(try await scene.refusal(2, showing: short.text) == Self.sentence)

        let elsewhere = try await scene.world.orchestrator()
        let revoked = try await elsewhere.revokeEnrolmentToken(
            other.token.id, by: TokenTests.root)
        #expect(revoked.revoked != nil)
        #expect(try await scene.refusal(3, showing: other.text) == Self.sentence)
        let again = try await scene.orchestrator.revokeEnrolmentToken(
            other.token.id, by: TokenTests.root)
        #expect(again == revoked)
    }

    @Test func letsInOnlyWhomItIsFor() async throws {
        let scene = try await scene()
        var berliner = TestDevice(9)
        berliner.attributes = try Attributes(["site": "berlin"])
        _ = try await berliner.checkIn(scene.orchestrator)
        _ = try await scene.orchestrator.save(
            CohortRequest(selector: #"site == "berlin""#), as: must(CohortName("berlin")),
            by: World.author)
        let cases: [EnrolmentTerms] = [
            EnrolmentTerms(hardware: [must(HardwareModel("gw-7"))]),
            EnrolmentTerms(attributes: try Attributes(["site": "berlin", "line": "4"])),
            EnrolmentTerms(cohort: must(CohortName("berlin"))),
        ]
        for (number, terms) in cases.enumerated() {
            let token = try await scene.token(terms)
            #expect(try await scene.refusal(number, showing: token.text) == Self.sentence)
            #expect(try await scene.used(token) == 0)
            let right = try Attributes(["site": "berlin", "line": "4", "more": "x"])
            let told = try await scene.refusal(number, showing: token.text) { device in
                device.hardware = must(HardwareModel("gw-7"))
                device.attributes = right
            }
            #expect(told == nil, "\(terms)")
            #expect(try await scene.used(token) == 1)
        }
        await #expect(throws: Refusal.invalid("there is no cohort called x")) {
            try await scene.token(EnrolmentTerms(cohort: must(CohortName("x"))))
        }
    }

    static let guesses: [String?] = [
        nil, "", "sle_", "'; DROP TABLE enrolment_tokens; --", "sle_' OR 1=1 --_0",
        "sle_0123456789abcdef_" + String(repeating: "0", count: 64), "../enrolment-token",
        String(repeating: "9", count: 256),
    ]

    @Test(arguments: guesses)
    func isToldTheSameWhateverIsWrong(guess: String?) async throws {
        let scene = try await scene()
        let token = try await scene.token()
        #expect(try await scene.refusal(1, showing: guess) == Self.sentence)
        #expect(try await scene.orchestrator.devices().items.isEmpty)
        #expect(try await scene.used(token) == 0)
    }

    /// Whoever has seen the token but not the key uses nothing up.
    @Test func aForgedSignatureUsesNothingUp() async throws {
        let scene = try await scene()
        let token = try await scene.token()
        var device = TestDevice(1)
        device.enrolmentToken = token.text
        let forged = try device.signed(sequence: 1, by: Keys.key(77))
        await #expect(throws: Refusal.self) {
            try await scene.orchestrator.checkIn(forged.bytes)
        }
        #expect(try await scene.used(token) == 0)
        let text = token.text.dropLast() + (token.text.last == "0" ? "1" : "0")
        #expect(try await scene.refusal(1, showing: String(text)) == Self.sentence)
        // A token of a person lets no device in.
        let person = try await scene.orchestrator.makeToken(
            TokenTests.request(.admin), by: TokenTests.root)
        #expect(try await scene.refusal(1, showing: person.text) == Self.sentence)
        let disguised = "sle" + person.text.dropFirst(3)
        #expect(try await scene.refusal(1, showing: disguised) == Self.sentence)
    }

    // MARK: Devices that were reset

    /// What let a device in once lets it ask again, though it is used up; another's does not.
    @Test func aResetDeviceAsksWithTheTokenThatLetItIn() async throws {
        let scene = try await scene()
        let own = try await scene.token()
        let other = try await scene.token()
        #expect(try await scene.refusal(1, showing: own.text) == nil)
        #expect(try await scene.refusal(2, showing: other.text) == nil)

        func ask(_ token: String, keyed: UInt8) async throws -> String {
            var reset = TestDevice(
                id: TestDevice(1).id, key: Keys.key(keyed), boot: TestDevice(1).boot)
            reset.enrolmentToken = token
            let message = try reset.message()
            do { _ = try await scene.orchestrator.checkIn(message.bytes) } catch {
                return "\(error)"
            }
            return "it was taken"
        }
        func asked() async throws -> Ed25519PublicKey? {
            try await scene.orchestrator.device(TestDevice(1).id).askedKey
        }
        #expect(try await ask(other.text, keyed: 90).contains("not known here by this key"))
        #expect(try await asked() == nil)
        #expect(try await ask(own.text, keyed: 91).contains("an operator has to accept"))
        #expect(try await asked() == Keys.key(91).ed25519PublicKey)

        // One key a day: a thief with many keys fills nothing up.
        for keyed in UInt8(92)...95 { _ = try await ask(own.text, keyed: keyed) }
        #expect(try await asked() == Keys.key(91).ed25519PublicKey)
        let events = try await scene.orchestrator.explain(TestDevice(1).id, at: nil).events
        #expect(events.count { $0.what.contains("asks to enrol again") } == 1)
        scene.world.clock.advance(seconds: 86_400)
        _ = try await ask(own.text, keyed: 96)
        #expect(try await asked() == Keys.key(96).ed25519PublicKey)

        _ = try await scene.orchestrator.revokeEnrolmentToken(own.token.id, by: TokenTests.root)
        scene.world.clock.advance(seconds: 86_400)
        #expect(try await ask(own.text, keyed: 97).contains("not known here by this key"))
    }
}
