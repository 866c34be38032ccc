import Model
import Rollouts
import Testing

@Suite struct SimulationFleetTests {
    @Test func readsDevicesAndTheirAttributes() throws {
        let fleet = try FleetTable.read(
            "id,hardware,release,site,note\r\ngw-1,gw-2,acme 1.0.0,berlin,\"a, \"\"b\"\"\"\r\n"
                + "gw-2,gw-2,,,\r\n")
        #expect(fleet.devices.map(\.id.text) == ["gw-1", "gw-2"])
        #expect(fleet.devices[0].release == ReleaseID("acme 1.0.0"))
        #expect(fleet.devices[0].attributes.values == ["site": "berlin", "note": "a, \"b\""])
        #expect(fleet.devices[1].release == nil)
        #expect(fleet.devices[1].attributes.values.isEmpty)
    }

    @Test(arguments: [
        ("", FleetTableError.header(line: 1)),
        ("id,hardware\n", .header(line: 1)),
        ("id,hardware,release,Site\n", .header(line: 1)),
        ("id,hardware,release,site,site\n", .header(line: 1)),
        ("id,hardware,release\ngw-1,gw-2\n", .cellCount(line: 2, found: 2, expected: 3)),
        ("id,hardware,release\n\"gw-1,gw-2,\n", .quotes(line: 2)),
        ("id,hardware,release\n-1,gw-2,\n", .cell(line: 2, column: "id", found: "-1")),
        ("id,hardware,release\ngw-1,gw-2,1\n", .cell(line: 2, column: "release", found: "1")),
    ])
    func refusesWhatIsNoFleet(text: String, error: FleetTableError) {
        #expect(throws: error) { try FleetTable.read(text) }
    }

    @Test func refusesADeviceTwice() throws {
        let id = try deviceID("gw-1")
        #expect(throws: FleetTableError.sameDeviceTwice(id)) {
            try FleetTable.read("id,hardware,release\ngw-1,gw-2,\ngw-1,gw-2,\n")
        }
    }

    @Test func inventsValuesInTheirShares() throws {
        let fleet = try Simulated.fleet(6000)
        let ofA = fleet.devices.count { $0.attributes["board_revision"] == "A" }
        let ofC = fleet.devices.count { $0.attributes["board_revision"] == "C" }
        #expect((2850...3150).contains(ofA) && (870...1130).contains(ofC))
        #expect(InventedAttribute("Site", values: [("a", 1)]) == nil)
        #expect(InventedAttribute("site", values: [("a", 0)]) == nil)
        #expect(InventedAttribute("site", values: []) == nil)
    }
}
