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
    /// Whether a slot had its trial, and nothing was decided since.
    let isSpent: Bool
    /// What was read, for people.
    let words: String

    var isTrial: Bool { slot != fallback }
    static let names = ["a", "b"]

    /// Without an environment the scripts' own values stand.
    static let withoutEnvironment = BootDecision(good: 0, trial: nil, tries: nil)

    /// The rule of both scripts: a trial needs a slot's name and a number of tries from 1 to 7.
    init(good: Int, trial: String?, tries: String?) {
        let wanted = trial.flatMap { Self.names.firstIndex(of: $0) }
        let isTrial = tries.map { ["1", "2", "3", "4", "5", "6", "7"].contains($0) } ?? false
        slot = isTrial ? wanted ?? good : good
        fallback = good
        isSpent = wanted != nil && !isTrial
        words = "good \(Self.names[good]), on trial \(trial ?? "-"), tries \(tries ?? "-")"
    }

    var description: String {
        "\(words): boots \(Self.names[slot])\(isTrial ? " on trial" : "")"
    }
}
