import Testing
import Wire

/// What operators ask of one device.
@Suite struct DeviceRequestTests {
    /// A member that nobody knows is a misspelt one, and what it was to say would not be done.
    @Test func refusesMembersThatNobodyKnows() throws {
        _ = try RetireRequest(parsing: Array(#"{"wipe":false}"#.utf8), limitBytes: 100)
        #expect(throws: WireError.self) {
            try RetireRequest(parsing: Array(#"{"wipe":false,"whipe":true}"#.utf8), limitBytes: 100)
        }
        _ = try AttributesRequest(parsing: Array(#"{"attributes":{}}"#.utf8), limitBytes: 100)
        #expect(throws: WireError.self) {
            try AttributesRequest(
                parsing: Array(#"{"attributes":{},"site":"berlin"}"#.utf8), limitBytes: 100)
        }
    }
}
