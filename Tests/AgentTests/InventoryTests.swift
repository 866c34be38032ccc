import AgentSupport
import Agent
import Model
import Testing
import Wire

/// Attributes that change while the device is in the field.
@Suite struct InventoryTests {
    private final class FakeInventory: InventorySource {
        var values: [String: String]?
        func attributes() -> Attributes? { values.flatMap { try? Attributes($0) } }
    }

    @Test func onlyChangesAreSent() throws {
        let world = try World(wanting: nil)
        let inventory = FakeInventory()
        world.inventory = inventory
        for values in [nil, nil, ["modem": "a"], ["modem": "a"], ["modem": "b"], nil, nil] {
            inventory.values = values
            let count = world.server.checkIns.count
            world.run { $0.server.checkIns.count == count + 1 }
        }
        #expect(
            world.server.checkIns.map { $0.attributes?.values } == [
                ["site": "berlin"], nil, ["modem": "a"], nil, ["modem": "b"], ["site": "berlin"],
                nil,
            ])
    }

    @Test func aChangeThatWasNotAnsweredIsSentAgain() throws {
        let world = try World(wanting: nil)
        let inventory = FakeInventory()
        world.inventory = inventory
        world.run { $0.server.checkIns.count == 1 }
        inventory.values = ["modem": "a"]
        world.server.isReachable = false
        let pauses = world.pauses.count
        world.run { $0.pauses.count == pauses + 2 }
        world.server.isReachable = true
        world.reboot()
        world.run { $0.server.checkIns.count == 3 }
        #expect(
            world.server.checkIns.map { $0.attributes?.values } == [
                ["site": "berlin"], ["modem": "a"], nil,
            ])
    }
}
