import Model
import Rollouts
import Testing

/// Of what a selector is seen to stay within, it picks nobody outside.
@Suite struct SelectorBoundsTests {
    private func isSeen(_ selector: String, within bounds: [String]) throws -> Bool {
        try Selector(selector).isSeenWithin(bounds.map { try Selector($0) })
    }

    @Test func seesWhatIsWithin() throws {
        let a = #"site == "a""#
        let b = #"tag("b")"#
        #expect(try isSeen(a, within: [a]))
        #expect(try isSeen("(\(a))", within: [b, a]))
        #expect(try isSeen("\(a) and \(b)", within: ["\(b) and \(a)"]))
        #expect(try isSeen("\(a) and \(b) and has(x)", within: ["\(b) and \(a)"]))
        #expect(try isSeen("\(a) or \(b)", within: [a, b]))
        #expect(try isSeen("\(a) or \(b)", within: ["\(a) or \(b)"]))
        #expect(try isSeen("has(x) and (\(a) or \(b))", within: ["\(a) or \(b)"]))
        #expect(try isSeen("has(x)", within: ["all"]))
    }

    @Test func seesNothingElse() throws {
        let a = #"site == "a""#
        let b = #"tag("b")"#
        #expect(try !isSeen("all", within: [a]))
        #expect(try !isSeen(a, within: []))
        #expect(try !isSeen("not (\(a))", within: [a]))
        #expect(try !isSeen("\(a) or \(b)", within: [a]))
        #expect(try !isSeen(a, within: ["\(a) and \(b)"]))
        #expect(try !isSeen("\(a) or \(b)", within: ["\(a) and \(b)"]))
        #expect(try !isSeen("has(x) and (\(a) or has(y))", within: [a]))
    }
}
