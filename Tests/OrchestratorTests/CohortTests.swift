import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Selectors that are saved under names.
@Suite struct CohortTests {
    /// Three devices in Berlin and one in Bonn.
    private func fleet() async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<4).map { TestDevice($0) }
        for index in devices.indices {
            devices[index].attributes = try Attributes(["site": index < 3 ? "berlin" : "bonn"])
            _ = try await devices[index].checkIn(orchestrator)
        }
        return (world, orchestrator, devices)
    }

    static let berlin = must(CohortName("berlin"))

    @discardableResult
    private func save(
        _ name: String, _ selector: String, _ orchestrator: Orchestrator
    ) async throws(Refusal) -> CohortSummary {
        try await orchestrator.save(
            CohortRequest(selector: selector), as: must(CohortName(name)), by: World.author)
    }

    private func refusal(_ body: () async throws(Refusal) -> some Any) async -> String? {
        do throws(Refusal) {
            _ = try await body()
            return nil
        } catch { return "\(error)" }
    }

    @Test func eachSavingIsAVersionAndTheSameAgainIsNone() async throws {
        let (world, orchestrator, _) = try await fleet()
        let first = try await save("berlin", #"site == "berlin""#, orchestrator)
        world.clock.advance(seconds: 60)
        #expect(try await save("berlin", #"site == "berlin""#, orchestrator) == first)
        let second = try await save("berlin", #"site == "bonn""#, orchestrator)
        #expect(second.version.number == 2)
        #expect(second.author == World.author)
        // What an old version said is new after another one.
        #expect(
            try await save("berlin", #"site == "berlin""#, orchestrator).version.number == 3)

        let history = try await world.orchestrator().cohort(Self.berlin)
        #expect(history.devices == 3)
        #expect(history.versions.map(\.version.number) == [3, 2, 1])
        #expect(history.versions.last == first)
        #expect(history.versions[1] == second)
        #expect(second.saved == first.saved.advanced(by: .seconds(60)))
    }

    @Test func listsTheNewestOfEach() async throws {
        let (_, orchestrator, _) = try await fleet()
        #expect(try await orchestrator.cohorts().items.isEmpty)
        try await save("z", "all", orchestrator)
        try await save("a", "all", orchestrator)
        try await save("z", "not all", orchestrator)
        let list = try await orchestrator.cohorts().items
        #expect(list.map(\.version.description) == ["a@1", "z@2"])
        #expect(list.map(\.selector) == ["all", "not all"])
    }

    @Test func cohortsOfCohortsStayWhatTheyWere() async throws {
        let (_, orchestrator, _) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        let cities = try await save("cities", #"cohort("berlin") or not all"#, orchestrator)
        #expect(cities.expanded == #"(site == "berlin") or not all"#)
        try await save("berlin", #"site == "bonn""#, orchestrator)
        #expect(
            try await orchestrator.devices(DeviceQuery(selector: #"cohort("cities")"#)).items.count
                == 3)
        // The same text means something else by now, so it is another version.
        let again = try await save("cities", #"cohort("berlin") or not all"#, orchestrator)
        #expect(again.version.number == 2)
        #expect(again.expanded == #"(site == "bonn") or not all"#)
        // A cohort may go on from its own version before.
        let narrow = try await save("cities", #"cohort("cities") and has(site)"#, orchestrator)
        #expect(narrow.expanded == #"((site == "bonn") or not all) and has(site)"#)
    }

    @Test func picksDevicesByTheNewestVersionOrByTheOneThatIsNamed() async throws {
        let (_, orchestrator, devices) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        try await save("berlin", #"site == "bonn""#, orchestrator)
        #expect(
            try await orchestrator.devices(DeviceQuery(selector: #"cohort("berlin")"#)).items.map(
                \.id)
                == [devices[3].id])
        #expect(
            try await orchestrator.devices(DeviceQuery(selector: #"cohort("berlin@1")"#)).items.map(
                \.id)
                == devices[0..<3].map(\.id))
    }

    @Test func refusesWhatMeansNothing() async throws {
        let (_, orchestrator, _) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        let refused = [
            ("site ==", "the selector: column 8: expected a text in double quotes, found the end"),
            (
                #"sight == "x" or sit == "y""#,
                "the selector: column 1: no device has an attribute called `sight`"
            ),
            (
                #"sit == "y""#,
                "the selector: column 1: no device has an attribute called `sit`; "
                    + "did you mean `site`?"
            ),
            (
                #"all and cohort("berln")"#,
                #"the selector: column 16: expected one of the saved cohorts, found "berln"; "#
                    + "did you mean `berlin`?"
            ),
            (
                #"cohort("berlin@2")"#,
                "the selector: column 8: expected a saved version, of which berlin@1 is the "
                    + #"newest, found "berlin@2""#
            ),
        ]
        for (text, says) in refused {
            #expect(
                await refusal { () async throws(Refusal) in
                    try await save("x", text, orchestrator)
                } == says)
        }
        #expect(try await orchestrator.cohorts().items.count == 1)
        await #expect(throws: Refusal.unknown("there is no cohort called x")) {
            try await orchestrator.cohort(must(CohortName("x")))
        }
        #expect(
            await refusal { () async throws(Refusal) in
                try await orchestrator.devices(DeviceQuery(selector: #"cohort("berln")"#))
            }?.hasSuffix("did you mean `berlin`?") == true)
    }

    // MARK: Rollouts

    private func file(_ devices: String, _ name: String = "r") -> RolloutFile {
        var file = RolloutFile.simple(name)
        file.devices = devices
        return file
    }

    @Test func aRunningRolloutKeepsTheVersionThatItWasStartedWith() async throws {
        var (world, orchestrator, devices) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        try await orchestrator.start(file(#"cohort("berlin")"#))
        try await save("berlin", #"site == "bonn""#, orchestrator)

        // As a server that starts now reads it.
        let restarted = try await world.orchestrator()
        #expect(try await devices[0].checkIn(restarted).offer != nil)
        #expect(try await devices[3].checkIn(restarted).offer == nil)

        #expect(
            try await orchestrator.plan(file(#"cohort("berlin")"#, "s")).waves.map(\.devices)
                == [1])
        #expect(
            try await orchestrator.plan(file(#"cohort("berlin@1")"#, "s")).waves.map(\.devices)
                == [3])
    }

    @Test func aPlanSaysWhichVersionItIsMadeWith() async throws {
        let (_, orchestrator, _) = try await fleet()
        try await save("berlin", #"site == "bonn""#, orchestrator)
        try await save("berlin", #"site == "berlin""#, orchestrator)
        var file = file(#"cohort("berlin@1") or cohort("berlin")"#)
        file.waves.insert(.init(name: "first", devices: #"cohort("berlin")"#), at: 0)
        let plan = try await orchestrator.plan(file)
        #expect(
            plan.notes.filter { $0.hasPrefix("cohort") }
                == ["cohort berlin: version 1", "cohort berlin: version 2"])
        #expect(plan.waves.map(\.devices) == [3, 4])
    }

    /// P6: what was shown is what is started, so a cohort that changed in between is told.
    @Test func aPlanIsAnotherOneWhenItsCohortWasSavedAnew() async throws {
        let (_, orchestrator, _) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        let file = file(#"cohort("berlin")"#)
        let shown = try await orchestrator.plan(file)
        // It picks the same devices, but may not for ever.
        try await save("berlin", #"site != "bonn""#, orchestrator)
        let answer = await refusal { () async throws(Refusal) in
            try await orchestrator.start(StartRequest(file: file, digest: shown.digest))
        }
        #expect(answer?.hasPrefix("the plan is another one by now") == true)

        try await orchestrator.start(file)
        let started = try await orchestrator.plan(file)
        try await save("berlin", #"site == "bonn""#, orchestrator)
        // Starting again what was started changes nothing, whatever was saved since.
        let again = try await orchestrator.start(StartRequest(file: file, digest: started.digest))
        #expect(again.state == "running")
    }

    @Test func aFileWithoutCohortsHasTheDigestThatItAlwaysHad() async throws {
        let (_, orchestrator, _) = try await fleet()
        let plain = try await orchestrator.plan(file(#"(site == "berlin")"#))
        try await save("berlin", #"site == "berlin""#, orchestrator)
        let named = try await orchestrator.plan(file(#"cohort("berlin")"#))
        #expect(plain.digest == named.digest)
        #expect(named.notes == ["cohort berlin: version 1"] + plain.notes)
    }

    /// Errors tell columns of the file as its author wrote it.
    @Test func aRolloutIsRefusedWhereItsAuthorFindsTheMistake() async throws {
        let (_, orchestrator, _) = try await fleet()
        try await save("berlin", #"site == "berlin""#, orchestrator)
        var wave = file("all")
        wave.waves.insert(.init(name: "first", devices: #"cohort("brlin")"#), at: 0)
        let refused = [
            (
                file(#"cohort("berln")"#),
                #"devices: column 8: expected one of the saved cohorts, found "berln"; "#
                    + "did you mean `berlin`?"
            ),
            (
                wave,
                #"waves[0].devices: column 8: expected one of the saved cohorts, found "brlin"; "#
                    + "did you mean `berlin`?"
            ),
            (
                file(#"cohort("berlin") and has(sit)"#),
                "devices: no device has an attribute called `sit`; did you mean `site`?"
            ),
        ]
        for (file, says) in refused {
            #expect(
                await refusal { () async throws(Refusal) in try await orchestrator.plan(file) }
                    == says)
        }
        #expect(
            await refusal { () async throws(Refusal) in
                try await orchestrator.start(
                    StartRequest(
                        file: file(#"cohort("berln")"#),
                        digest: must(Digest(bytes: Array(repeating: 1, count: 32)))))
            } == refused[0].1)
    }

    /// What could not be read again must not be stored.
    @Test func aFileThatItsCohortsMakeTooLongIsRefused() async throws {
        let (world, orchestrator, devices) = try await fleet()
        let text = #"site == "\#(String(repeating: "x", count: 4000))""#
        try await save("c0", text, orchestrator)
        try await save(
            "c1", Array(repeating: #"cohort("c0")"#, count: 15).joined(separator: " or "),
            orchestrator)
        var long = file(#"site == "berlin" or cohort("c1")"#)
        try await orchestrator.start(long)
        var device = devices[0]
        #expect(try await device.checkIn(world.orchestrator()).offer != nil)

        long.waves = (0..<20).map {
            .init(name: "\($0)", devices: "id == \"device-\($0)\" or cohort(\"c1\")")
        }
        long.rollout = "s"
        #expect(
            await refusal { () async throws(Refusal) in try await orchestrator.plan(long) }
                == "with its cohorts the file is longer than 1048576 bytes")
    }
}
