/// Says what a boot loader would do with a disk, by reading the disk as that boot loader does.
///
/// Written from the boot loaders' formats, without any code of the agent's: an error in how the
/// agent writes an environment must not be made again in how the test reads it.
protocol BootOracle {
    func decision(on disk: RebuiltDisk) -> BootDecision
}

/// What a boot loader would do.
struct BootDecision: Hashable, CustomStringConvertible {
    /// The slot, 0 or 1, that boots next.
    let slot: Int
    /// The slot that boots when that one fails.
    let fallback: Int
    /// What was read, for people.
    let words: String

    var isTrial: Bool { slot != fallback }
    static let names = ["a", "b"]

    var description: String {
        "\(words): boots \(Self.names[slot])\(isTrial ? " on trial" : "")"
    }
}
