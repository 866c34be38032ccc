public import Model

/// Which of several rollouts decides for a device that all of them reach.
///
/// While they are under way, the one with the higher priority does, and of equals the newer one.
public enum RolloutPriority: Hashable, Sendable {
    /// 1 to 9.
    case level(Int)
    /// Goes before every level, and takes offers of others back that are not installed yet.
    case emergency

    public static let standard = RolloutPriority.level(5)
    public static let levels = 1...9
    static let emergencyWord = "emergency"

    /// Returns `nil` unless `text` is a level or `emergency`.
    public init?(_ text: String) {
        if text == Self.emergencyWord {
            self = .emergency
        } else if let level = WholeNumber.parse(text[...], maximumDigits: 1),
            Self.levels.contains(level)
        {
            self = .level(level)
        } else {
            return nil
        }
    }

    /// As it was stored; a rank of nothing counts as the nearest level.
    public init(rank: Int) {
        self =
            rank > Self.levels.upperBound
            ? .emergency : .level(max(rank, Self.levels.lowerBound))
    }

    /// A number to order by; the higher goes first.
    public var rank: Int {
        switch self {
        case .level(let level): level
        case .emergency: Self.levels.upperBound + 1
        }
    }
}

extension RolloutPriority: CustomStringConvertible {
    public var description: String {
        switch self {
        case .level(let level): "priority \(level)"
        case .emergency: "emergency"
        }
    }
}

/// Which unfinished rollouts end when another starts.
public enum SupersedeRule: Hashable, Sendable {
    case none
    /// Those of the same product with an older version.
    case older
    /// At most 100, sorted.
    case named([RolloutName])
}

/// What a gate's evidence of harm leads to.
public enum FailureAction: String, Hashable, Sendable, CaseIterable {
    case pause
    /// The rollout pauses, and devices that have the release go back, by a rollout of its own.
    case revert
}
