/// How many devices a wave is the first to reach, and what they download.
struct WaveLoad {
    private(set) var deviceCount = 0
    /// At most `Int64.max`, which no real fleet comes near.
    private(set) var byteCount: Int64 = 0

    static let none = WaveLoad()

    mutating func add(_ bytes: Int64) {
        deviceCount += 1
        let (sum, overflow) = byteCount.addingReportingOverflow(bytes)
        byteCount = overflow ? .max : sum
    }

    mutating func remove(_ bytes: Int64) {
        deviceCount -= 1
        byteCount -= bytes
    }
}
