import Curl
import Foundation
import Model
import OpenSSL
import Testing
import Wire

/// `slipway cohort` and the routes that it uses.
@Suite struct CohortRouteTests {
    private func slipway(
        _ server: ServerProcess, _ arguments: String...
    ) throws -> (code: Int32, words: String) {
        try ServerProcess.run(
            "slipway",
            arguments + [
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])
    }

    @Test func savesListsAndShowsCohorts() throws {
        let server = try ServerProcess()
        #expect(
            try server.send(.post, "/device/v1/check-in", server.checkIn(key: .generate())).status
                == 200)
        let saved = try slipway(server, "cohort", "save", "gateways", #"hardware == "gw-2""#)
        #expect(saved.words == "cohort gateways: version 1\n")
        #expect(saved.code == 0)
        let other = try slipway(
            server, "cohort", "save", "rest", #"not cohort("gateways")"#, "--json")
        let summary = try CohortSummary(parsing: Array(other.words.utf8), limitBytes: 65_536)
        #expect(summary.expanded == #"not (hardware == "gw-2")"#)
        #expect(summary.author.text == "operator")

        let list = try slipway(server, "cohort", "list")
        #expect(list.words.split(separator: "\n").count == 3, "\(list.words)")
        #expect(list.words.contains(#"hardware == "gw-2""#))
        let shown = try slipway(server, "cohort", "show", "gateways")
        #expect(shown.words.contains("1, by the newest version"), "\(shown.words)")
        let history = try slipway(server, "cohort", "show", "rest", "--json")
        #expect(
            try CohortHistory(parsing: Array(history.words.utf8), limitBytes: 65_536).versions
                == [summary])
        let picked = try slipway(
            server, "device", "list", "--select", #"cohort("rest")"#, "--json")
        #expect(
            try ListAnswer<DeviceSummary>(parsing: Array(picked.words.utf8), limitBytes: 65_536)
                .items.isEmpty)
    }

    @Test func saysWhatIsWrong() throws {
        let server = try ServerProcess()
        let unknown = try slipway(server, "cohort", "show", "nobody")
        #expect(unknown.code == 65)
        #expect(unknown.words.hasPrefix("slipway: there is no cohort called nobody (request "))
        let wrong = try slipway(server, "cohort", "save", "x", #"cohort("y")"#)
        #expect(wrong.code == 65)
        #expect(wrong.words.contains("column 8: expected one of the saved cohorts, found \"y\""))
        #expect(try slipway(server, "cohort", "save", "x y", "all").code == 65)
        #expect(try slipway(server, "cohort", "save", "x").code == 64)

        #expect(try server.asOperator(.get, "cohorts/x").status == 404)
        #expect(try server.asOperator(.put, "cohorts/x", Array("{".utf8)).status == 400)
        #expect(try server.asOperator(.put, "cohorts/x", Array("{}".utf8)).status == 400)
        let request = CohortRequest(selector: "site ==").bytes
        #expect(try server.asOperator(.put, "cohorts/x", request).status == 422)
        let name = "cohorts/" + String(repeating: "x", count: 65)
        #expect(
            try server.asOperator(.put, name, CohortRequest(selector: "all").bytes).status == 400)
    }
}
