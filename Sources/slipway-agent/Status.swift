internal import Agent
internal import JSON
internal import Model
internal import Slots
internal import Wire

/// What `slipway-agent status` tells, from the device's own files: it works without an agent.
struct Status {
    private let device: DeviceFile
    private let boot: BootStatus
    private let content: SlotContent?
    private let state: AgentState

    init(_ device: DeviceFile) throws(CommandError) {
        self.device = device
        do {
            boot = try SimulatedBootloader(folder: device.bootPath).status()
            content = try RawSlots(device.slotPaths, recordFolder: device.recordFolder).content(
                of: boot.booted)
            let stored = try DurableFile.read("\(device.statePath)/state.json")
            state = try stored.map { try AgentState(parsing: $0) } ?? .new
        } catch let error as SlotError { throw .device(error) } catch let error as StateError {
            throw .state(error)
        } catch { preconditionFailure("not an error of the device's files: \(error)") }
    }

    func tell(asJSON: Bool) {
        guard !asJSON else { return Console.answer(JSONValue.object(json).prettyText) }
        Console.answer("device     \(device.agent.device) (\(device.agent.hardware))")
        let kept = boot.confirmed == boot.booted ? "confirmed" : "on trial"
        Console.answer("booted     slot \(boot.booted), \(kept), boot \(boot.bootID)")
        Console.answer("release    \(content.map { "\($0.release)" } ?? "unknown")")
        Console.answer("phase      \(state.phase.word)")
        if let job = state.phase.job {
            Console.answer("offer      \(job.offer.unverified.release) into slot \(job.slot)")
        }
        Console.answer("enrolled   \(state.isEnrolled ? "yes" : "no")")
    }

    private var json: JSONObject {
        JSONObject(present: [
            ("device", .string(device.agent.device.text)),
            ("hardware", .string(device.agent.hardware.text)),
            ("slot", .string(boot.booted.text)), ("boot_id", .string(boot.bootID.text)),
            ("confirmed", .bool(boot.confirmed == boot.booted)),
            ("release", content.map { .string("\($0.release)") }),
            ("sha256", content.map { .string($0.sha256.hex) }),
            ("phase", .string(state.phase.word)),
            ("offer", state.phase.job.map { .string("\($0.offer.unverified.release)") }),
            ("enrolled", .bool(state.isEnrolled)), ("retired", .bool(state.isRetired)),
        ])
    }
}
