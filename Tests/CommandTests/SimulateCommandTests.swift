import Foundation
import Testing

/// `rollout simulate`: a rollout played without a server.
@Suite struct SimulateCommandTests {
    private static let file = """
        rollout: r
        release: acme 2.0.0
        devices: all
        waves:
          - { name: canary, sample: 10, strata: [board], soak: 1h }
          - { name: fleet, percent: 100 }

        """

    private func simulate(_ slipway: Slipway, _ more: String...) throws -> Slipway.End {
        let path = try slipway.file("r.yaml", Self.file)
        return try slipway.run(
            ["rollout", "simulate", path, "--attribute", "board=A:3,B:1", "--runs", "4"] + more)
    }

    @Test func theSameSeedGivesTheSameAnswer() throws {
        let slipway = try Slipway()
        let first = try simulate(slipway, "--devices", "200", "--svg", "out.svg")
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.output.contains("200 devices, 4 runs"))
        #expect(try simulate(slipway, "--devices", "200").output == first.output)
        let chart = try Data(contentsOf: slipway.folder.appending(path: "out.svg"))
        #expect(String(decoding: chart, as: UTF8.self).hasPrefix("<svg"))
    }

    @Test func aReleaseThatAlwaysFailsHarmsItsCanariesOnly() throws {
        let slipway = try Slipway()
        let end = try simulate(
            slipway, "--devices", "500", "--failure-rate", "100%", "--json")
        #expect(end.code == 0, "\(end.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(end.output.utf8))
        let report = try #require(json as? [String: Any])
        #expect(report["stopped"] as? Int == 4)
        let harmed = try #require(report["harmed"] as? [String: Any])
        #expect((harmed["max"] as? Int ?? .max) <= 10)
    }

    @Test func tellsWhichStratumIsPausedInHowManyRuns() throws {
        let slipway = try Slipway()
        let path = try slipway.file("r.yaml", Self.file.replacing("sample: 10", with: "sample: 40"))
        let end = try slipway.run([
            "rollout", "simulate", path, "--devices", "200", "--runs", "4", "--json",
            "--attribute", "board=A:1,B:1,C:1,D:1,E:1", "--stratum", "board=B:100%",
        ])
        #expect(end.code == 0, "\(end.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(end.output.utf8))
        let report = try #require(json as? [String: Any])
        let paused = try #require(report["paused_strata"] as? [[String: Any]])
        #expect(paused.map { $0["value"] as? String } == ["B"])
        #expect(paused.first?["attribute"] as? String == "board")
        #expect(paused.first?["runs"] as? Int == report["completed"] as? Int)
    }

    @Test func playsWhatGoesWrongBesidesTheRelease() throws {
        let slipway = try Slipway()
        func completed(_ more: String...) throws -> Int? {
            let path = try slipway.file("r.yaml", Self.file + "retries: { max: 3 }\n")
            let end = try slipway.run(
                [
                    "rollout", "simulate", path, "--devices", "100", "--runs", "4", "--json",
                    "--attribute", "board=A:3,B:1",
                ] + more)
            #expect(end.code == 0, "\(end.errors)")
            let json = try JSONSerialization.jsonObject(with: Data(end.output.utf8))
            return (json as? [String: Any])?["completed"] as? Int
        }
        #expect(try completed("--download-failures", "5%") == 4)
        #expect(try completed("--download-failures", "100%") == 0)
        #expect(try completed("--offline", "5%", "--offline-spell", "30m") == 4)
        #expect(try completed("--failure-rate", "100%", "--silent-failures", "100%") == 0)
    }

    @Test func playsAFleetFromAFile() throws {
        let slipway = try Slipway()
        let fleet = try slipway.file(
            "fleet.csv",
            "id,hardware,release,board\n"
                + (0..<40).map { "gw-\($0),gw-2,acme 1.0.0,\($0 % 2 == 0 ? "A" : "B")\n" }.joined())
        let path = try slipway.file("r.yaml", Self.file)
        let end = try slipway.run([
            "rollout", "simulate", path, "--fleet", fleet, "--runs", "2",
        ])
        #expect(end.code == 0, "\(end.errors)")
        #expect(end.output.contains("40 devices"))

        let bad = try slipway.file("bad.csv", "id,hardware,release\ngw 1,gw-2,acme 1\n")
        let refused = try slipway.run(["rollout", "simulate", path, "--fleet", bad])
        #expect(refused.code == 65)
        #expect(refused.errors.contains("bad.csv"))
        #expect(
            try slipway.run(["rollout", "simulate", path, "--fleet", "nowhere.csv"]).code == 66)
    }

    @Test(arguments: [[], ["--suggest", "--deadline", "3d"]])
    func knowsNoCohorts(arguments: [String]) throws {
        let slipway = try Slipway()
        let path = try slipway.file(
            "r.yaml", Self.file.replacing("devices: all", with: "devices: cohort(\"pilots\")"))
        let end = try slipway.run(
            ["rollout", "simulate", path, "--devices", "9"] + arguments)
        #expect(end.code == 65)
        #expect(
            end.errors == "slipway: \(path): devices: column 1: expected no cohort, since only the "
                + "server knows them, found cohort(\"pilots\")\n")
    }

    @Test(arguments: [
        [], ["--devices", "5", "--speed", "fast"], ["--devices", "0"],
        ["--devices", "5", "--failure-rate", "101%"], ["--devices", "5", "--deadline", "3d"],
        ["--devices", "5", "--stratum", "board"], ["--devices", "5", "--offline-spell", "1s"],
        ["--devices", "5", "--silent-failures", "half"],
        ["--devices", "5", "--download-failures", "-1%"],
    ])
    func saysWhatIsAskedInAWrongWay(arguments: [String]) throws {
        let slipway = try Slipway()
        let path = try slipway.file("r.yaml", Self.file)
        let end = try slipway.run(["rollout", "simulate", path] + arguments)
        #expect(end.code == 64, "\(arguments): \(end.output)\(end.errors)")
    }
}
