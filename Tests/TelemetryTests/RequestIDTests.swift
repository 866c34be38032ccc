import Telemetry
import Testing

/// Names of requests that come from others.
@Suite struct RequestIDTests {
    @Test(arguments: ["a", "3f2a-77.b_Z", String(repeating: "x", count: 64)])
    func takesAWellFormedName(text: String) {
        #expect(RequestID(text)?.description == text)
    }

    @Test(arguments: [
        "", " ", "a b", "a\nb", "a\"b", "é", "a\u{0}", String(repeating: "x", count: 65), "a=b",
        "a,b",
    ])
    func takesNothingThatCouldHarmALog(text: String) {
        #expect(RequestID(text) == nil)
    }

    @Test func madeNamesAreSixteenDigits() {
        #expect(RequestID(randomBits: 0xab).description == "00000000000000ab")
        #expect(RequestID(randomBits: .max).description == "ffffffffffffffff")
    }
}
