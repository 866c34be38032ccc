import JSON
import Testing

@Suite struct JSONObjectTests {
    @Test func sortsItsMembersByTheBytesOfTheirNames() {
        let object: JSONObject = ["b": 1, "a": 2, "é": 3, "B": 4]
        #expect(object.members.map(\.key.text) == ["B", "a", "b", "é"])
    }

    @Test func isTheSameInWhateverOrderItWasMade() {
        #expect(JSONObject([("a", 1), ("b", 2)]) == JSONObject([("b", 2), ("a", 1)]))
    }

    @Test func findsEveryMemberAndNoOther() {
        let object = JSONObject((0..<100).map { ("k\($0)", .integer(Int64($0))) })
        for number in 0..<100 { #expect(object["k\(number)"] == .integer(Int64(number))) }
        for absent in ["", "k", "k100", "k0 ", "K0", "z"] { #expect(object[absent] == nil) }
        #expect(JSONObject([])["a"] == nil)
    }

    @Test func addsAndReplacesMembersWithoutTouchingItself() {
        let object: JSONObject = ["b": 1]
        #expect(object.setting("a", to: 0) == ["a": 0, "b": 1])
        #expect(object.setting("c", to: 0) == ["b": 1, "c": 0])
        #expect(object.setting("b", to: 0) == ["b": 0])
        #expect(object == ["b": 1])
    }

    @Test func leavesAbsentMembersOut() {
        let object = JSONObject(present: [("a", nil), ("b", 1), ("c", .null)])
        #expect(object == ["b": 1, "c": .null])
        #expect(object.count == 2)
        #expect(JSONObject(present: []).isEmpty)
    }

    @Test func takesNoNameTwice() async {
        await #expect(processExitsWith: .failure) {
            _ = JSONObject([("a", 1), ("b", 1), ("a", 2)])
        }
    }

    @Test func isWrittenWithNamesEscaped() {
        let value: JSONValue = ["a\"\n": "\u{1f}\u{7f}/"]
        #expect(value.compactBytes == Array(#"{"a\"\n":"\u001f\#u{7f}/"}"#.utf8))
        #expect(value.canonicalBytes == Array("{\"a\\\"\n\":\"\u{1f}\u{7f}/\"}".utf8))
    }
}
