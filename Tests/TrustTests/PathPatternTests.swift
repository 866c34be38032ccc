import JSON
import Testing
import Trust

/// Which paths a delegation's pattern covers (TUF 4.5).
@Suite struct PathPatternTests {
    static let matching: [(String, String)] = [
        ("", ""), ("a", "a"), ("*", ""), ("*", "a"), ("*", "abc"), ("**", "abc"), ("?", "a"),
        ("a*", "a"), ("a*", "abc"), ("*a", "a"), ("*a", "bca"), ("*a", "aaa"), ("a*b", "ab"),
        ("a*b", "axxb"), ("a*b*c", "abbcc"), ("*b*", "abc"), ("???", "abc"), ("?*", "abc"),
        ("*?", "abc"), ("a/b", "a/b"), ("*/*", "a/b"), ("*/b", "a/b"), ("a/*", "a/b"),
        ("a/*", "a/"), ("*/*", "/"), ("a/?", "a/b"), ("/a", "/a"), ("*/a", "/a"), ("a//b", "a//b"),
        ("a/*/b", "a//b"), ("foo-version-?.tgz", "foo-version-2.tgz"),
        ("targets/*.tgz", "targets/foo.tgz"), ("A", "A"), ("[a]", "[a]"), ("a\\*", "a\\b"),
        ("{a,b}", "{a,b}"), (".*", ".a"), ("*", ".a"), ("..", ".."), ("a.b", "a.b"), ("é", "é"),
        ("??", "é"), ("*", "é"), ("*.\u{301}", "x.\u{301}"), ("a?", "a?"), ("a?", "a*"),
        ("a\u{0}*", "a\u{0}b"),
    ]

    static let missing: [(String, String)] = [
        ("", "a"), ("a", ""), ("a", "b"), ("a", "aa"), ("aa", "a"), ("a", "A"), ("A*", "ab"),
        ("?", ""), ("?", "ab"), ("??", "a"), ("?", "é"), ("é", "e\u{301}"), ("e\u{301}", "é"),
        ("*a", "ab"), ("a*", "ba"), ("a*b", "a"), ("a*b", "abc"), ("a*a", "a"), ("*ab*", "ba"),
        ("*?*?*", "a"),
        // Neither stands for a slash.
        ("*", "/"), ("*", "a/b"), ("?", "/"), ("a?b", "a/b"), ("a*b", "a/b"), ("**", "a/b"),
        ("*/b", "a/x/b"), ("a/*", "a/b/c"), ("a/*", "a"), ("*/*", "a"), ("*/*", "a/b/c"),
        ("a/**", "a/b/c"), ("a*", "a/"), ("/*", "a"), ("a/b", "a//b"), ("*/a", "a"),
        ("targets/*.tgz", "targets/foo.txt"), ("foo-version-?.tgz", "foo-version-alpha.tgz"),
        // Only the two are special.
        ("[ab]", "a"), ("{a,b}", "a"), ("\\*", "*x"), ("a.b", "axb"), ("%61", "a"), ("a ", "a"),
    ]

    @Test(arguments: matching)
    func covers(pattern: String, path: String) {
        #expect(PathPattern(JSONString(pattern)).matches(JSONString(path)))
    }

    @Test(arguments: missing)
    func doesNotCover(pattern: String, path: String) {
        #expect(!PathPattern(JSONString(pattern)).matches(JSONString(path)))
    }

    /// Matchers that try every way take for ever over these; ours goes back to one star only.
    @Test(arguments: [
        (String(repeating: "*a", count: 500) + "b", String(repeating: "a", count: 1000)),
        (String(repeating: "*", count: 1000) + "b", String(repeating: "a", count: 1000)),
        (String(repeating: "a*", count: 500) + "b", String(repeating: "a", count: 1000)),
        (String(repeating: "*?", count: 400) + "b", String(repeating: "a", count: 1000)),
        (
            String(repeating: "*a*a/", count: 100) + "b",
            String(repeating: "aaaaaaaa/", count: 100) + "a"
        ),
    ])
    func comesToAnEndOverHostilePatterns(pattern: String, path: String) {
        #expect(!PathPattern(JSONString(pattern)).matches(JSONString(path)))
        let matching = String(pattern.dropLast()) + "*"
        #expect(PathPattern(JSONString(matching)).matches(JSONString(path)))
    }

    /// The simplest matcher there is, which tries everything, agrees on all short texts.
    @Test func agreesWithAMatcherThatTriesEverything() {
        let patterns = texts(of: ["a", "*", "?", "/"], upTo: 4)
        let paths = texts(of: ["a", "b", "/"], upTo: 4)
        for pattern in patterns {
            for path in paths {
                let answer = PathPattern(JSONString(pattern)).matches(JSONString(path))
                #expect(
                    answer == triesEverything(pattern.utf8[...], path.utf8[...]),
                    "\(pattern) over \(path)")
            }
        }
    }

    private func texts(of letters: [String], upTo length: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 0..<length {
            last = last.flatMap { text in letters.map { text + $0 } }
            all += last
        }
        return all
    }

    private func triesEverything(
        _ pattern: Substring.UTF8View, _ path: Substring.UTF8View
    ) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        let slash = UInt8(ascii: "/")
        if first == UInt8(ascii: "*") {
            if triesEverything(pattern.dropFirst(), path) { return true }
            guard let next = path.first, next != slash else { return false }
            return triesEverything(pattern, path.dropFirst())
        }
        guard let next = path.first else { return false }
        guard first == next || first == UInt8(ascii: "?") && next != slash else { return false }
        return triesEverything(pattern.dropFirst(), path.dropFirst())
    }
}
