import Rollouts
import Testing

@Suite struct SelectorVersionTests {
    static let table: [(value: String, selector: String, matches: Bool)] = [
        ("2.10", #"version(x) >= "2.10""#, true), ("2.9", #"version(x) >= "2.10""#, false),
        ("2.9", #"version(x) < "2.10""#, true), ("2.10", #"version(x) <= "2.10""#, true),
        ("2.10", #"version(x) > "2.9""#, true), ("2.10", #"version(x) == "2.10""#, true),
        ("2.10", #"version(x) != "2.10""#, false), ("2.9", #"version(x) != "2.10""#, true),
        ("2.10-rc.1", #"version(x) < "2.10""#, true),
        ("2.9", #"version(x) in ["2.8", "2.9"]"#, true),
        ("2.9", #"version(x) in ["2.8"]"#, false),
        ("2.9", #"version(x) not in ["2.8"]"#, true),
        ("2.9", #"version(x) not in ["2.8", "2.9"]"#, false),
        // No version, though a number: every comparison is false, unlike that of the bare word.
        ("-5", #"version(x) < "2""#, false), ("-5", #"x < "2""#, true),
        ("-5", #"version(x) != "2""#, false), ("-5", #"version(x) not in ["2"]"#, false),
        ("-5", #"version(x) == "2""#, false), ("", #"version(x) != "2""#, false),
        ("-5", #"not (version(x) < "2")"#, true), ("2 ", #"version(x) >= "1""#, false),
        // What the device does not have.
        ("2", #"version(y) != "2""#, false), ("2", #"version(y) not in ["2"]"#, false),
        ("2", #"version(y) >= "1""#, false), ("2", #"version(release) >= "0""#, false),
        ("2", #"version(version) == "2.4.0""#, true), ("2", #"version(version) < "2.4.1""#, true),
    ]

    @Test(arguments: table)
    func readsTheValueAsAVersionOnly(
        row: (value: String, selector: String, matches: Bool)
    ) throws {
        let holder = try device(attributes: ["x": row.value])
        #expect(try Selector(row.selector).matches(holder, in: .plain) == row.matches)
    }

    @Test func anUnknownReleaseHasNoVersionToRead() throws {
        let unknown = try device(running: nil)
        #expect(try !Selector(#"version(version) != "2""#).matches(unknown, in: .plain))
        #expect(try !Selector(#"version >= "0""#).matches(unknown, in: .plain))
    }
}
