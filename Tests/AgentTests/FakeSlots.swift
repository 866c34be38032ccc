import Agent
import AgentSupport
import Model
import Testing
import Trust

/// Two slots in memory whose bytes survive a power cut only once they are synced.
final class FakeSlots: SlotSet {
    /// What the medium holds.
    private(set) var durable: [SlotName: [UInt8]] = [:]
    private(set) var contents: [SlotName: SlotContent] = [:]
    /// What is read: the medium with everything written since.
    private var current: [SlotName: [UInt8]] = [:]
    private var writing: (slot: SlotName, offset: Int)?
    var capacityBytes = 1_000_000
    /// Changes the bytes on their way to the medium.
    var wear: ([UInt8]) -> [UInt8] = { $0 }
    var isSyncBroken = false
    /// Slots that cannot read again what they took, as those of compressed images: how many bytes
    /// of the image they took since the machine started.
    var taken: Int?
    private let power: Power

    init(power: Power) { self.power = power }

    func install(_ firmware: Firmware, in slot: SlotName) {
        durable[slot] = firmware.bytes
        current[slot] = firmware.bytes
        contents[slot] = SlotContent(
            release: firmware.signed.release, sha256: firmware.digest,
            payload: firmware.signed.payload)
    }

    func overwrite(_ slot: SlotName, with bytes: [UInt8]) {
        durable[slot] = bytes
        current[slot] = bytes
    }

    func losePower() {
        current = durable
        writing = nil
        if taken != nil { taken = 0 }
    }

    private func call(_ words: String) throws(SlotError) {
        guard power.call(words) else { throw .missing(path: "power") }
    }

    func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        guard let spare = ["a", "b"].compactMap({ SlotName($0) }).first(where: { $0 != booted })
        else { throw .missing(path: "spare") }
        return spare
    }

    func takes(_ format: Payload.Format) -> Bool { format == .raw }

    func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        let offset = taken.map { $0 == offset ? offset : 0 } ?? offset
        if taken != nil {
            taken = Int(offset)
        } else if offset > 0 {
            try read(slot, length: offset, receive: kept)
        }
        try call("begin \(slot) at \(offset)")
        guard Int(length) <= capacityBytes else { throw .full(path: "slot \(slot)") }
        writing = (slot, Int(offset))
        var bytes = Array(current[slot, default: []].prefix(Int(length)))
        bytes += Array(repeating: 0, count: Int(length) - bytes.count)
        current[slot] = bytes
        return offset
    }

    func finish(describe: ([UInt8]) -> Void) throws(SlotError) { try call("finish") }

    func write(_ bytes: [UInt8]) throws(SlotError) {
        guard let (slot, offset) = writing else { preconditionFailure("begin comes first") }
        try call("write \(slot)")
        guard offset + bytes.count <= capacityBytes else { throw .full(path: "slot \(slot)") }
        current[slot]?.replaceSubrange(offset..<offset + bytes.count, with: wear(bytes))
        writing = (slot, offset + bytes.count)
        taken = taken.map { $0 + bytes.count }
    }

    func sync() throws(SlotError) {
        guard let (slot, _) = writing else { preconditionFailure("begin comes first") }
        try call("sync \(slot)")
        guard !isSyncBroken else {
            throw .failed(operation: "sync", path: "slot \(slot)", reason: "I/O error")
        }
        durable[slot] = current[slot]
    }

    func end() { writing = nil }

    func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        try call("read \(slot)")
        guard let bytes = current[slot], bytes.count >= length else {
            throw .malformed(path: "slot \(slot)", problem: "it ends early")
        }
        receive(Array(bytes.prefix(Int(length))))
    }

    func content(of slot: SlotName) throws(SlotError) -> SlotContent? { contents[slot] }

    func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        try call("note \(content.map { "\($0.release)" } ?? "nothing") in \(slot)")
        contents[slot] = content
    }
}
