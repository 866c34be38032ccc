import Model
import Testing

@Suite struct NameTests {
    static let good = [
        "a", "Z9", "0", "_x", ":", "gw-2", "a.b", "a..b", "9f86:d081", "A_b-C.d:e",
        String(repeating: "x", count: 64),
    ]
    static let bad = [
        "", ".", "..", ".a", "-", "-rf", "a b", "a/b", "a\\b", "a\u{0}", "a\n", "é", "a\u{301}",
        "a%2f", "~", "a;b", "$a", "a'b", "\u{212a}", "１", String(repeating: "x", count: 65),
        String(repeating: "é", count: 33),
    ]

    @Test(arguments: good)
    func takes(text: String) {
        #expect(NameRule(text)?.text == text)
        #expect(DeviceID(text)?.text == text)
        #expect(DeviceID(text)?.description == text)
        #expect(HardwareModel(text) != nil && ReleaseName(text) != nil && RolloutName(text) != nil)
        #expect(SlotName(text) != nil && BootID(text) != nil && Nonce(text) != nil)
    }

    @Test(arguments: bad)
    func refuses(text: String) {
        #expect(NameRule(text) == nil)
        #expect(DeviceID(text) == nil)
        #expect(HardwareModel(text) == nil && ReleaseName(text) == nil && RolloutName(text) == nil)
        #expect(SlotName(text) == nil && BootID(text) == nil && Nonce(text) == nil)
    }

    @Test func sortsByBytes() {
        let sorted = ["-", "Z", "a", "B", "a-", "a.", "10", "9"].compactMap { DeviceID($0) }
            .sorted()
        #expect(sorted.map(\.text) == ["10", "9", "B", "Z", "a", "a-", "a."])
    }

    // MARK: - Paths

    @Test(arguments: ["a", "a/b", "acme/gw-2/2.4.1.raw", "1/2/3/4/5/6/7/8", "a/b..c", "_/:"])
    func takesThePath(text: String) {
        #expect(TargetPath(text)?.text == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a",
        "a/.hidden", "a/-x", "a\\..\\b", "a/%2e%2e/b", "a/b c", "a/\u{0}", "a\n/b", "é/a",
        "C:\\a", "~/a", "1/2/3/4/5/6/7/8/9", "a/\u{2215}b",
        "a/" + String(repeating: "x", count: 65),
    ])
    func refusesThePath(text: String) {
        #expect(TargetPath(text) == nil)
    }

    @Test func putsTheDigestBeforeTheLastName() throws {
        let digest = try #require(Digest(bytes: Array(repeating: 0xab, count: 32)))
        #expect(TargetPath("a.raw")?.prefixed(by: digest) == "\(digest.hex).a.raw")
        #expect(TargetPath("x/y/a.raw")?.prefixed(by: digest) == "x/y/\(digest.hex).a.raw")
    }

    @Test(arguments: [(Int64.min, false), (-1, false), (0, false), (1, true), (Int64.max, true)])
    func anImageHasAtLeastOneByte(length: Int64, isImage: Bool) throws {
        let path = try #require(TargetPath("a"))
        let digest = try #require(Digest(bytes: Array(repeating: 0, count: 32)))
        #expect((ImageReference(path: path, sha256: digest, length: length) != nil) == isImage)
    }
}
