import Model
import Testing

@Suite struct FailureTests {
    @Test(arguments: [
        ("", ""), ("no route", "no route"), ("a\nb\u{0}c\u{7f}d", "a b c d"),
        ("\u{1b}[31m", " [31m"), ("\u{9b}31m", " 31m"), ("naïve", "naïve"),
    ])
    func keepsADetailWithoutControlCharacters(detail: String, kept: String) {
        #expect(Failure(.health, detail).detail == kept)
    }

    /// Cut between scalars, never inside of one.
    @Test(arguments: [
        ("x", 1, 512), ("é", 2, 256), ("日", 3, 170), ("😀", 4, 128),
    ])
    func cutsADetailAtItsLimit(character: String, width: Int, count: Int) {
        let long = String(repeating: character, count: 600)
        let detail = Failure(.boot, long).detail
        #expect(detail == String(repeating: character, count: count))
        #expect(detail.utf8.count <= Failure.maximumDetailByteCount)
        #expect(detail.utf8.count > Failure.maximumDetailByteCount - width)
    }

    @Test func cutsWhereTheNextScalarNoLongerFits() {
        let detail = Failure(.boot, String(repeating: "x", count: 511) + "éx").detail
        #expect(detail == String(repeating: "x", count: 511))
        let whole = String(repeating: "x", count: 510) + "é"
        #expect(Failure(.boot, whole).detail == whole)
    }

    @Test func isTheSameWhenItIsMadeAgain() {
        let once = Failure(.install, String(repeating: "a\u{85}é", count: 300))
        #expect(Failure(once.kind, once.detail) == once)
    }

    @Test func isWrittenWithItsClass() {
        #expect("\(Failure(.overdue, "silent"))" == "overdue: silent")
        #expect(
            FailureClass.allCases.map(\.rawValue)
                == ["refused", "download", "install", "boot", "health", "overdue"])
    }
}
