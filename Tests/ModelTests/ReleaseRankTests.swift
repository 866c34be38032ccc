import Model
import Testing

@Suite struct ReleaseRankTests {
    private func rank(_ counter: Int64, _ version: String) throws -> ReleaseRank {
        ReleaseRank(counter: counter, version: try #require(Version(version)))
    }

    @Test(arguments: [
        (1, "1.0", 1, "1.1"), (1, "9.0", 2, "1.0"), (1, "1.0-rc.1", 1, "1.0"),
        (1, "1.0", 2, "1.0"), (-1, "9", 1, "1"), (.min, "1", .max, "1"),
    ])
    func ordersByCounterFirst(
        counter: Int64, version: String, higherCounter: Int64, higherVersion: String
    ) throws {
        let lower = try rank(counter, version)
        let higher = try rank(higherCounter, higherVersion)
        #expect(lower < higher)
        #expect(!(higher < lower))
        #expect(lower != higher)
    }

    @Test func isNotBeforeItself() throws {
        #expect(try !(rank(1, "1.0") < rank(1, "1.0")))
        #expect(try rank(1, "1.0") == rank(1, "1.0"))
    }

    @Test func saysBoth() throws {
        #expect("\(try rank(3, "2.4.1"))" == "2.4.1 (release counter 3)")
    }
}
