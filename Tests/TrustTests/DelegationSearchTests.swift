import Model
import Testing
import Trust

/// The order in which delegated roles are asked: TUF 1.0.34 section 5.6.7.
@Suite struct DelegationSearchTests {
    struct Graph: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let edges: [String: [String]]
        var listers: Set<String> = []
        /// The roles that are fetched, in order.
        let asked: String
        var found: String?

        init(
            _ sentence: String, _ edges: [String: [String]], listers: Set<String> = [],
            asked: String, found: String? = nil
        ) {
            testDescription = sentence
            self.edges = edges
            self.listers = listers
            self.asked = asked
            self.found = found
        }
    }

    static let graphs: [Graph] = [
        Graph("no delegation", [:], asked: ""),
        Graph(
            "a target that targets lists itself", ["targets": ["A"]], listers: ["targets", "A"],
            asked: "", found: "targets"),
        Graph("one role", ["targets": ["A"]], listers: ["A"], asked: "A", found: "A"),
        Graph("nobody lists it", ["targets": ["A", "B"], "A": ["C"]], asked: "ACB"),
        Graph("listed order, not the alphabet's", ["targets": ["B", "A"]], asked: "BA"),
        Graph(
            "the first lister answers", ["targets": ["A", "B"]], listers: ["A", "B"], asked: "A",
            found: "A"),
        Graph(
            "depth before breadth", ["targets": ["A", "B"], "A": ["C", "D"], "C": ["E"]],
            asked: "ACEDB"),
        Graph(
            "a descendant of the first answers before the second",
            ["targets": ["A", "B"], "A": ["C"]], listers: ["B", "C"], asked: "AC", found: "C"),
        Graph(
            "a role answers before those it asks", ["targets": ["A"], "A": ["B"]],
            listers: ["A", "B"], asked: "A", found: "A"),
        Graph("terminating", ["targets": ["A!", "B"]], listers: ["B"], asked: "A"),
        Graph(
            "terminating lets its own descendants answer",
            ["targets": ["A!", "B"], "A": ["C", "D"]], listers: ["B", "D"], asked: "ACD",
            found: "D"),
        Graph(
            "terminating in the second place leaves the first",
            ["targets": ["A", "B!", "C"]], listers: ["C"], asked: "AB"),
        Graph(
            "terminating deep below ends everything above",
            ["targets": ["A", "B"], "A": ["C!", "D"], "C": ["E"]], listers: ["B", "D"],
            asked: "ACE"),
        Graph(
            "terminating that lists it", ["targets": ["A!", "B"]], listers: ["A", "B"],
            asked: "A", found: "A"),
        Graph(
            "a role that delegates to itself", ["targets": ["A", "B"], "A": ["A"]], asked: "AB"),
        Graph(
            "a cycle of two", ["targets": ["A"], "A": ["B"], "B": ["A"]], asked: "AB"),
        Graph(
            "a cycle with a way out", ["targets": ["A"], "A": ["B"], "B": ["A", "C"]],
            listers: ["C"], asked: "ABC", found: "C"),
        Graph(
            "a cycle of three beside another role",
            ["targets": ["A", "D"], "A": ["B"], "B": ["C"], "C": ["A"]], listers: ["D"],
            asked: "ABCD", found: "D"),
        Graph(
            "a diamond is entered once",
            ["targets": ["A", "B"], "A": ["C"], "B": ["C", "D"]], asked: "ACBD"),
        Graph(
            "a role that was visited does not answer again but ends nothing",
            ["targets": ["A", "B"], "A": ["B!"], "B": []], asked: "AB"),
    ]

    @Test(arguments: graphs)
    func asksInPreOrder(graph: Graph) throws {
        let repository = try FakeRepository(edges: graph.edges, listers: graph.listers)
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        let found = try client.find("a", in: repository, with: &refresh)
        #expect(client.fetches == graph.asked.map { "1.\($0).json" })
        #expect(found?.role.text == graph.found)
        #expect(found?.file.length == (graph.found == nil ? nil : 3))
        #expect(try found?.image() == nil)
    }

    @Test(arguments: graphs)
    func looksForAnotherTargetWithoutFetchingAgain(graph: Graph) throws {
        let repository = try FakeRepository(edges: graph.edges, listers: graph.listers)
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        let first = try client.find("a", in: repository, with: &refresh)
        _ = try client.find("b", in: repository, with: &refresh)
        let again = try client.find("a", in: repository, with: &refresh)
        #expect(client.log == [])
        #expect(again == first)
    }

    // MARK: - Limits

    /// A chain of roles of which only the last lists the target.
    private func chain(_ length: Int) throws -> FakeRepository {
        let names = (0..<length).map { "r\($0)" }
        var edges = ["targets": ["r0"]]
        for (name, next) in zip(names, names.dropFirst()) { edges[name] = [next] }
        return try FakeRepository(edges: edges, listers: ["r\(length - 1)"])
    }

    @Test(arguments: [0, 1, 5, 6])
    func entersNoMoreRolesThanItsLimit(limit: Int) throws {
        let repository = try chain(6)
        var client = Client(new: repository)
        client.limits.delegations = limit
        #expect((try client.find("a", in: repository) != nil) == (limit >= 6))
        #expect(client.fetches == (0..<limit).map { "1.r\($0).json" })
    }

    @Test func entersNoMoreSiblingsThanItsLimit() throws {
        let names = (0..<8).map { "r\($0)" }
        let repository = try FakeRepository(edges: ["targets": names], listers: ["r7"])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository) == nil)
        #expect(client.fetches.count == Limits.tests.delegations)
    }

    @Test func enters32RolesAsShipped() throws {
        #expect(Limits.standard.delegations == 32)
    }

    // MARK: - What comes before

    @Test func seeksOnlyAfterTheRefresh() async {
        await #expect(processExitsWith: .failure) {
            let repository = try FakeRepository()
            var refresh = try Refresh(
                stored: repository.stored(), now: now, cryptography: cryptography, limits: .tests)
            refresh.seek("a")
        }
    }

    @Test func forgetsWhatItFoundBefore() throws {
        let repository = try FakeRepository(edges: ["targets": ["A"]], listers: ["A"])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("a", in: repository, with: &refresh) != nil)
        #expect(try client.find("nothing", in: repository, with: &refresh) == nil)
        refresh.seek("a")
        #expect(refresh.found != nil, "what is here already needs no action")
        refresh.seek("nothing")
        #expect(refresh.found == nil)
    }
}
