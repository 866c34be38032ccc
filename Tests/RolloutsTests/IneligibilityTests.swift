import Model
import Rollouts
import Testing

@Suite struct IneligibilityTests {
    private static func spec(_ selector: String = "all") throws -> RolloutSpec {
        try RolloutSpec(.plain.with { $0.devices = selector })
    }

    @Test func aDeviceThatCanTakeTheImageIsEligible() throws {
        let spec = try Self.spec()
        #expect(try spec.ineligibility(of: device(), image: image(), in: .plain) == nil)
        #expect(try spec.ineligibility(of: device(image: nil), image: image(), in: .plain) == nil)
        #expect(try spec.ineligibility(of: device(running: nil), image: image(), in: .plain) == nil)
        let rebuilt = try device(running: "acme-gateway 2.4.1", image: 9)
        #expect(try spec.ineligibility(of: rebuilt, image: image(), in: .plain) == nil)
    }

    @Test func theFirstReasonIsGiven() throws {
        let nothingFits = try device(standing: .retired)
        let none = try Self.spec("not all")
        #expect(none.ineligibility(of: nothingFits, image: nil, in: .plain) == .notSelected)
        #expect(
            try Self.spec().ineligibility(of: nothingFits, image: nil, in: .plain) == .retired)
        let wrong = try Self.spec().ineligibility(of: device(), image: nil, in: .plain)
        #expect(try wrong == .wrongHardware(model("gw-2")))
    }

    @Test func theSameImageIsInstalledWhateverItsVersion() throws {
        let same = try device(running: "acme-gateway 9.0", image: 2)
        #expect(
            try Self.spec().ineligibility(of: same, image: image(2), in: .plain)
                == .alreadyInstalled)
    }

    @Test func aLaterVersionIsADowngradeUnlessTheImageAllowsIt() throws {
        let later = try device(running: "acme-gateway 2.10")
        let spec = try Self.spec()
        #expect(
            try spec.ineligibility(of: later, image: image(), in: .plain)
                == .downgrade(from: version("2.10")))
        #expect(
            try spec.ineligibility(of: later, image: image(mayDowngrade: true), in: .plain) == nil)
        let other = try device(running: "factory 9.0")
        #expect(try spec.ineligibility(of: other, image: image(), in: .plain) == nil)
    }

    @Test func onlyListedVersionsMayStepToAnImageThatListsThem() throws {
        let spec = try Self.spec()
        let stepping = try image(from: ["2.3.9", "2.4.0"])
        let needs = try Ineligibility.steppingStone(needs: [version("2.3.9"), version("2.4.0")])
        #expect(try spec.ineligibility(of: device(), image: stepping, in: .plain) == nil)
        for running in ["acme-gateway 2.3", "factory 2.4.0", nil] {
            #expect(
                try spec.ineligibility(of: device(running: running), image: stepping, in: .plain)
                    == needs)
        }
    }

    @Test func aPinnedDeviceTakesItsOwnReleaseOnly() throws {
        let spec = try Self.spec()
        let elsewhere = try device(pin: "acme-gateway 2.4.0")
        #expect(
            try spec.ineligibility(of: elsewhere, image: image(), in: .plain)
                == .pinned(#require(ReleaseID("acme-gateway 2.4.0"))))
        let here = try device(pin: "acme-gateway 2.4.1")
        #expect(try spec.ineligibility(of: here, image: image(), in: .plain) == nil)
        let running = try device(image: 2, pin: "acme-gateway 2.4.0")
        #expect(
            try spec.ineligibility(of: running, image: image(), in: .plain) == .alreadyInstalled)
    }

    @Test func whoKeepsADeviceBackIsTold() throws {
        let spec = try Self.spec()
        for (standing, reason) in [
            (DeviceFacts.Standing.held("lab"), Ineligibility.held(reason: "lab")),
            (.quarantined, .quarantined), (.retired, .retired),
        ] {
            #expect(
                try spec.ineligibility(of: device(standing: standing), image: image(), in: .plain)
                    == reason)
        }
    }

    @Test func everyReasonHasAKindAndASentence() throws {
        let reasons: [Ineligibility] = [
            .notSelected, .retired, .quarantined, .held(reason: "lab"),
            .wrongHardware(try model("gw-1")), .alreadyInstalled,
            .pinned(try #require(ReleaseID("acme-gateway 2.3.0"))),
            .downgrade(from: try version("3")), .steppingStone(needs: [try version("1")]),
        ]
        #expect(reasons.map(\.kind) == Ineligibility.Kind.allCases)
        #expect(Set(reasons.map(\.description)).count == reasons.count)
    }
}
