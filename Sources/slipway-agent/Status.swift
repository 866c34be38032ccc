internal import Agent
internal import JSON
internal import Model
internal import Slots
internal import Wire

/// What is booted and how far an update is.
struct StatusReport {
    private let device: DeviceFile
    let boot: BootStatus
    private let content: SlotContent?
    private let state: AgentState
    /// The device's own key; without an agent, the one that the server has answered.
    private let key: Ed25519PublicKey?
    private let waitsFor: String?
    private let refusal: String?

    /// As the device's own files tell it: it works without an agent.
    init(_ device: DeviceFile) throws(CommandError) {
        self.device = device
        do {
            boot = try device.bootloader.status()
            content = try device.slots.content(of: boot.booted)
            let stored = try DurableFile.read("\(device.statePath)/state.json")
            state = try stored.map { try AgentState(parsing: $0) } ?? .new
        } catch let error as SlotError { throw .device(error) } catch let error as StateError {
            throw .state(error)
        } catch { preconditionFailure("not an error of the device's files: \(error)") }
        key = state.enrolledKey
        waitsFor = nil
        refusal = nil
    }

    /// As the running agent knows it.
    init(_ device: DeviceFile, _ agent: UpdateAgent) {
        self.device = device
        boot = agent.boot
        content = agent.content
        state = agent.state
        key = agent.publicKey
        waitsFor = agent.waitsFor
        refusal = agent.refusal
    }

    var json: JSONObject {
        let job = state.phase.job
        return JSONObject(present: [
            ("device", .string(device.agent.device.text)),
            ("hardware", .string(device.agent.hardware.text)),
            ("slot", .string(boot.booted.text)), ("boot_id", .string(boot.bootID.text)),
            ("confirmed", .bool(boot.confirmed == boot.booted)),
            ("release", content.map { .string("\($0.release)") }),
            ("sha256", content.map { .string($0.sha256.hex) }),
            ("phase", .string(state.phase.word)), ("waits_for", waitsFor.map { .string($0) }),
            ("offer", job.map { .string("\($0.release)") }),
            ("offer_slot", job.map { .string($0.slot.text) }),
            ("carried", job.map { .bool($0.isCarried) }),
            ("durable_bytes", durableBytes.map { .integer($0) }),
            ("total_bytes", job.map { .integer($0.image.length) }),
            ("failure", failure.map { .string("\($0)") }),
            ("deferred_until", state.deferredUntil.map { .string("\($0)") }),
            ("refused", refusal.map { .string($0) }), ("key", key.map { .string($0.hex) }),
            ("enrolled", .bool(state.isEnrolled)), ("retired", .bool(state.isRetired)),
        ])
    }

    private var durableBytes: Int64? {
        guard case .downloading(_, let bytes) = state.phase else { return nil }
        return bytes
    }

    private var failure: Failure? {
        switch state.phase {
        case .rollingBack(_, let failure), .failed(_, let failure): failure
        case .idle, .offered, .downloading, .verifying, .installed, .trial, .confirming, .proven:
            nil
        }
    }
}

/// A status in words for a person, from whoever told it.
enum StatusText {
    /// - Throws: ``JSONShapeError`` when it is no status.
    static func lines(_ status: JSONFields) throws(JSONShapeError) -> [String] {
        let kept = try status.bool("confirmed") ? "confirmed" : "on trial"
        var lines = [
            "device     \(try status.string("device")) (\(try status.string("hardware")))",
            "booted     slot \(try status.string("slot")), \(kept),"
                + " boot \(try status.string("boot_id"))",
            "release    \(try status.optionalString("release") ?? "unknown")",
            "phase      \(try status.string("phase"))\(try progress(status))",
        ]
        if let offer = try status.optionalString("offer") {
            let carried = try status.optionalBool("carried") == true ? ", carried here" : ""
            let slot = try status.string("offer_slot")
            lines.append("offer      \(offer) into slot \(slot)\(carried)")
        }
        if let reason = try status.optionalString("waits_for") {
            lines.append("waits for  \(reason)")
        }
        if let failure = try status.optionalString("failure") {
            lines.append("failure    \(failure)")
        }
        if let until = try status.optionalString("deferred_until") {
            lines.append("deferred   until \(until)")
        }
        let agent = try status.optionalBool("running") == true ? "running" : "not asked"
        lines.append("agent      \(agent)")
        lines.append("enrolled   \(try status.bool("enrolled") ? "yes" : "no")")
        if let key = try status.optionalString("key") { lines.append("key        \(key)") }
        if let refusal = try status.optionalString("refused") {
            lines.append("refused    \(refusal)")
        }
        return lines
    }

    private static func progress(_ status: JSONFields) throws(JSONShapeError) -> String {
        guard let done = try status.optionalInteger("durable_bytes", in: 0...Int64.max),
            let total = try status.optionalInteger("total_bytes", in: 1...Int64.max)
        else { return "" }
        return ", \(done) of \(total) bytes"
    }
}
