import Curl
import Testing

/// Images that are longer than the largest piece in which they are read.
@Suite struct ImageReadingTests {
    private static let count = 3_000_001

    @Test func servesEveryByteOfALongImage() throws {
        let server = try ServerProcess()
        let text = (0..<Self.count).map { "\($0 % 7)" }.joined()
        let bytes = [UInt8](text.utf8)
        let path = try server.publish(text)
        let whole = try server.send(.get, path)
        #expect(whole.status == 200 && whole.header("content-length") == "\(Self.count)")
        #expect(whole.body == bytes)
        let part = try server.send(.get, path, headers: [("Range", "bytes=1-2999990")])
        #expect(part.status == 206 && part.body == Array(bytes[1...2_999_990]))
    }
}
