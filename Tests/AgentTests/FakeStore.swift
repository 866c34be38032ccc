import Agent
import AgentSupport
import Model

/// Files in memory that are whole or unchanged, on a disk that can be full.
final class FakeStore: AgentStore {
    var state: [UInt8]?
    private(set) var metadata: [String: [UInt8]]
    /// Which saves fail, counted from 0.
    var isFull: (_ save: Int) -> Bool = { _ in false }
    private(set) var saves = 0
    private let power: Power

    init(root: [UInt8], power: Power) {
        metadata = ["root.json": root]
        self.power = power
    }

    func loadState() throws(SlotError) -> [UInt8]? { state }

    func saveState(_ bytes: [UInt8]) throws(SlotError) {
        try save("save \((try? AgentState(parsing: bytes))?.phase.word ?? "garbage")")
        state = bytes
    }

    func loadMetadata(_ name: String) throws(SlotError) -> [UInt8]? { metadata[name] }

    func saveMetadata(_ name: String, _ bytes: [UInt8]?) throws(SlotError) {
        try save("\(bytes == nil ? "forget" : "keep") \(name)")
        metadata[name] = bytes
    }

    private func save(_ words: String) throws(SlotError) {
        guard power.call(words) else { throw .missing(path: "power") }
        defer { saves += 1 }
        guard !isFull(saves) else { throw .full(path: words) }
    }
}
