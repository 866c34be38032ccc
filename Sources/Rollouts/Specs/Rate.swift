public import Model

/// The length of the window over which something is counted.
public enum PaceUnit: String, Hashable, Sendable, CaseIterable {
    case second = "sec"
    case minute = "min"
    case hour
    case day

    public var seconds: Int64 {
        switch self {
        case .second: 1
        case .minute: 60
        case .hour: 3600
        case .day: 86_400
        }
    }

    /// What happened later than this counts in the window that ends at `now`.
    ///
    /// There is no upper end: what another server's faster clock has dated after `now` counts too.
    /// That keeps every window's limit even while clocks differ or step back.
    public func opening(at now: Instant) -> Instant { now.advanced(by: .seconds(-seconds)) }
}

/// So many leases in any window of one unit, such as `60/min`.
public struct Rate: Hashable, Sendable {
    /// 1 to 1,000,000 leases.
    public let count: Int
    public let unit: PaceUnit

    public static let counts = 1...1_000_000

    /// Returns `nil` when `count` is outside ``counts``.
    public init?(count: Int, unit: PaceUnit) {
        guard Self.counts.contains(count) else { return nil }
        self.count = count
        self.unit = unit
    }

    /// Reads a whole number, a slash and one of `sec`, `min`, `hour` and `day`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = WholeNumber.parse(parts[0], maximumDigits: 7),
            let unit = PaceUnit(rawValue: String(parts[1]))
        else { return nil }
        self.init(count: count, unit: unit)
    }
}

extension Rate: CustomStringConvertible {
    public var description: String { "\(count)/\(unit.rawValue)" }
}
