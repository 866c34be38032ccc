import Rollouts
import Testing

@Suite struct PercentageTests {
    static let readable: [(String, UInt64, String)] = [
        ("5", 50_000, "5%"), ("5%", 50_000, "5%"), ("2.5%", 25_000, "2.5%"),
        ("0.01%", 100, "0.01%"), ("0.0001", 1, "0.0001%"), ("100", 1_000_000, "100%"),
        ("99.9999%", 999_999, "99.9999%"), ("12.50", 125_000, "12.5%"), ("05", 50_000, "5%"),
    ]

    @Test(arguments: readable)
    func readsAndWrites(text: String, millionths: UInt64, written: String) throws {
        let percentage = try percent(text)
        #expect(percentage.millionths == millionths)
        #expect("\(percentage)" == written)
        #expect(try percent(written) == percentage)
    }

    @Test(arguments: [
        "", "%", "0", "0%", "0.0000", "100.0001", "101%", "-5", "+5", "5%%", " 5", "5 %", "5.",
        ".5",
        "1.2.3", "0.00001", "1000", "5e1", "five", "٥", "5\u{301}%", "99999999999999999999",
    ])
    func refuses(text: String) {
        #expect(Percentage(text) == nil)
    }

    @Test func refusesMillionthsOutsideTheWhole() {
        #expect(Percentage(millionths: 0) == nil)
        #expect(Percentage(millionths: 1_000_001) == nil)
    }

    @Test func holdsExactlyItsShareOfAllBuckets() throws {
        let half = try percent("50")
        #expect(try half.holds(bucket(1 << 63 - 1)))
        #expect(try !half.holds(bucket(1 << 63)))
        // 2^64 / 10^6 is 18446744073709.55…: the next whole bucket is outside.
        let smallest = try percent("0.0001")
        #expect(try smallest.holds(bucket(18_446_744_073_709)))
        #expect(try !smallest.holds(bucket(18_446_744_073_710)))
        #expect(try percent("100").holds(bucket(.max)))
        #expect(try !percent("99.9999").holds(bucket(.max)))
        #expect(try smallest.holds(bucket(0)))
    }

    @Test(arguments: Array(0..<UInt64(50)))
    func aLargerPercentageHoldsEverythingThatASmallerOneHolds(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let pair = [UInt64.random(in: 1...1_000_000, using: &random), 1_000_000]
            let small = try #require(Percentage(millionths: pair[0]))
            let large = try #require(
                Percentage(millionths: .random(in: pair[0]...pair[1], using: &random)))
            let place = try bucket(random.next())
            #expect(!small.holds(place) || large.holds(place))
        }
    }

    @Test func aBucketIsTheFirstEightBytesBigEndian() throws {
        #expect(try bucket(0x0102_0304_0506_0708).value == 0x0102_0304_0506_0708)
        #expect(try Bucket(digest(1)).value == 1 << 56)
        #expect(try bucket(1) < bucket(2))
    }
}

@Suite struct DurationTextTests {
    static let readable: [(String, Int64, String)] = [
        ("0s", 0, "0s"), ("90s", 90, "90s"), ("30m", 1800, "30m"), ("24h", 86_400, "1d"),
        ("14d", 1_209_600, "14d"), ("366d", 31_622_400, "366d"), ("31622400s", 31_622_400, "366d"),
        ("120s", 120, "2m"), ("0d", 0, "0s"),
    ]

    @Test(arguments: readable)
    func readsAndWrites(text: String, seconds: Int64, written: String) {
        #expect(DurationText.parse(text) == .seconds(seconds))
        #expect(DurationText.write(.seconds(seconds)) == written)
    }

    @Test(arguments: [
        "", "s", "5", "5 m", "-5s", "+5s", "1h30m", "1.5h", "5M", "5w", "367d", "31622401s",
        "99999999d", "999999999s", "٥s",
    ])
    func refuses(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func dropsFractions() {
        #expect(DurationText.write(.milliseconds(1999)) == "1s")
    }
}
