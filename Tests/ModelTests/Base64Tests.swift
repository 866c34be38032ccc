import Model
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 section 10, and what needs the last two digits.
    static let vectors: [([UInt8], String)] = [
        ([], ""), (Array("f".utf8), "Zg=="), (Array("fo".utf8), "Zm8="),
        (Array("foo".utf8), "Zm9v"), (Array("foob".utf8), "Zm9vYg=="),
        (Array("fooba".utf8), "Zm9vYmE="), (Array("foobar".utf8), "Zm9vYmFy"),
        ([0xfb, 0xff, 0xfe], "+//+"), ([0], "AA=="), ([0, 0], "AAA="), ([0xff, 0xff], "//8="),
    ]

    @Test(arguments: vectors)
    func agreesWithTheStandard(bytes: [UInt8], text: String) {
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
    }

    @Test(arguments: [
        "=", "==", "===", "====", "A", "AA", "AAA", "A===", "A=AA", "AA=A", "=AAA", "AA==AAAA",
        "AAAA====", "AAAA=", "Zg==\n", " Zg==", "Zg", "Zg=", "-_-_", "Zm9v Zm8=", "Zh==", "Zm9=",
        "Zé==", "Zm9vZm9v!", "\u{0}AAA",
    ])
    func readsNothingThatItWouldNotWrite(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func comesBackWhateverItIs() {
        let all = (0...255).map { UInt8($0) }
        for count in 0...all.count {
            let bytes = Array(all.prefix(count))
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }
}
