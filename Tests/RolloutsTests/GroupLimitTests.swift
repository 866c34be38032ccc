import Model
import Rollouts
import Testing

@Suite struct GroupLimitTests {
    static let places: [(String, Int, Int)] = [
        ("25%", 8, 2), ("25%", 7, 1), ("25%", 3, 1), ("25%", 0, 1), ("25%", 1, 1), ("100%", 9, 9),
        ("0.0001%", 999_999, 1), ("0.0001%", 2_000_000, 2), ("99.9999%", 1_000_000, 999_999),
        ("100%", .max, .max), ("3", 1, 3), ("3", 100, 3), ("1000000", 0, 1_000_000),
    ]

    @Test(arguments: places)
    func aShareIsRoundedDownButOneDeviceMayAlwaysGo(
        share: String, members: Int, places: Int
    ) throws {
        let limit = try ShareLimit(attribute: "site", share: share)
        #expect(limit.places(members: members) == places)
        let full = limit.refusal(value: "berlin-3", members: members, openLeases: places)
        #expect(
            full
                == .shareReached(
                    attribute: "site", value: "berlin-3", open: places, members: members,
                    places: places))
        #expect(limit.refusal(value: "berlin-3", members: members, openLeases: places - 1) == nil)
    }

    @Test(arguments: [
        "", "0", "0%", "101%", "-3", "+3", "1000001", "3 devices", "2.5", "25 %", "%",
    ])
    func refusesShares(text: String) {
        #expect(throws: LimitError.share(found: text)) {
            try ShareLimit(attribute: "site", share: text)
        }
    }

    @Test(arguments: ["", "Site", "2g", "a-b", String(repeating: "a", count: 65)])
    func refusesAttributes(name: String) {
        #expect(throws: LimitError.attribute(found: name)) {
            try ShareLimit(attribute: name, share: "3")
        }
        #expect(throws: LimitError.attribute(found: name)) { try NeverTogether(attribute: name) }
    }

    @Test func aDeviceWithoutTheAttributeIsAGroupOfItsOwn() throws {
        let share = try ShareLimit(attribute: "site", share: "1")
        #expect(share.refusal(value: nil, members: 100, openLeases: 100) == nil)
        #expect(share.refusal(value: "", members: 100, openLeases: 100) != nil)
        let pair = try NeverTogether(attribute: "ha_pair")
        #expect(try pair.refusal(value: nil, holder: deviceID("gw-2")) == nil)
    }

    @Test func partnersNeverHoldALeaseTogether() throws {
        let pair = try NeverTogether(attribute: "ha_pair")
        #expect(pair.refusal(value: "p7", holder: nil) == nil)
        #expect(
            try pair.refusal(value: "p7", holder: deviceID("gw-2"))
                == .partnerHoldsLease(attribute: "ha_pair", value: "p7", holder: deviceID("gw-2")))
    }

    @Test func refusalsAreClausesForAnOperator() throws {
        let budget = try EgressBudget("200 GB/day")
        let share = LimitRefusal.shareReached(
            attribute: "site", value: "berlin-3", open: 2, members: 8, places: 2)
        #expect("\(share)" == "the site berlin-3 has 2 of 8 devices updating, which is its limit")
        let shrunk = LimitRefusal.shareReached(
            attribute: "site", value: "a b", open: 2, members: 3, places: 1)
        #expect("\(shrunk)" == "the site \"a b\" has 2 of 3 devices updating, and its limit is 1")
        let refusals: [LimitRefusal] = [
            .windowClosed(opens: nil), .windowClosed(opens: at(0)),
            .windowUnknown(.noZone(attribute: "timezone")), .windowUnknown(.noSuchZone("X")),
            .rateReached(try #require(Rate("60/min")), until: at(0)),
            .egressReached(budget, until: at(0)), .imageExceedsEgress(budget, length: 1), share,
            .partnerHoldsLease(attribute: "ha_pair", value: "p7", holder: try deviceID("gw-2")),
        ]
        #expect(Set(refusals.map(\.description)).count == refusals.count)
        #expect("\(refusals[8])" == "gw-2 of the same ha_pair p7 is updating")
        #expect("\(refusals[2])".hasSuffix("because it has no attribute timezone"))
    }

    @Test func limitErrorsSayWhatWasExpectedAndWhatWasThere() throws {
        let rate = try #require(Rate("60/min"))
        let errors: [LimitError] = [
            .startRate(found: "x"), .rateShrinks(start: rate, largest: rate), .factor(found: 0),
            .step(found: "x"), .attribute(found: "x"), .share(found: "x"), .egress(found: "x"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors {
            #expect("\(error)".hasPrefix("expected "))
            #expect("\(error)".contains(", found "))
        }
    }
}
