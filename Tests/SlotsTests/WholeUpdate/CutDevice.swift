import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Trust

/// A device as it leaves the factory: slot a runs 1.0, slot b holds 0.9, and the server wants 2.0.
///
/// State, trusted metadata, slots, records and boot environment lie on one disk.
struct CutDevice {
    static let folder = "/data/slipway"
    static let statePath = "\(folder)/state.json"
    static let shippedRoot = "/usr/share/slipway/root.json"

    let model: any BootModel
    let old: Firmware
    let older: Firmware
    let goal: Firmware
    let repository: TestRepository
    let configuration: AgentConfiguration

    /// - Parameter conduct: What becomes of a machine that boots the new image.
    init(_ model: any BootModel, _ conduct: Firmware.Conduct) throws {
        self.model = model
        older = try Firmware("acme-gateway 0.9", byteCount: 1300)
        old = try Firmware("acme-gateway 1.0", byteCount: 1100)
        // Longer than the ones before, and no multiple of a sector.
        goal = try Firmware("acme-gateway 2.0", conduct: conduct, byteCount: 2600)
        repository = try TestRepository(holding: [goal])
        configuration = AgentConfiguration(
            device: try AgentSupport.device("device-1"), hardware: try AgentSupport.model("gw-2"),
            attributes: try Attributes(["site": "berlin"]), enrolmentToken: "token",
            trialDeadline: .seconds(600), maximumPause: .seconds(300), durableStepBytes: 1024,
            limits: .standard)
    }

    /// A good image may fail when a cut falls where nobody can tell it from a bad one, and is then
    /// offered again; a bad one is offered once.
    var desk: ServerDesk {
        var desk = ServerDesk(repository)
        desk.goal = goal
        desk.offersLeft = goal.conduct == .healthy ? 4 : 1
        return desk
    }

    func slots(on disk: CrashingDisk) throws -> RawSlots {
        RawSlots(try Machine.slots(), recordFolder: "/data/records", on: disk)
    }

    func factory() throws -> CrashingDisk {
        let disk = try model.factory()
        disk.take(Self.statePath)
        disk.put("/data/factory", "")
        disk.put(Self.shippedRoot, repository.shippedRoot)
        for (name, firmware) in [("a", old), ("b", older)] {
            disk.put(Machine.devices[name] ?? "", firmware.bytes)
            try slots(on: disk).setContent(
                SlotContent(
                    release: firmware.signed.release, sha256: firmware.digest,
                    payload: firmware.signed.payload), of: slot(name))
        }
        return disk.copy()
    }

    /// The firmware whose bytes a slot holds, all of them and no others.
    func image(in slot: String, of medium: Medium) -> Firmware? {
        let bytes = Machine.devices[slot].flatMap { medium.bytes($0) }
        return [old, older, goal].first { $0.bytes == bytes }
    }

    func storedPhase(on medium: Medium) -> AgentPhase? {
        medium.bytes(Self.statePath).flatMap { try? AgentState(parsing: $0) }?.phase
    }
}
