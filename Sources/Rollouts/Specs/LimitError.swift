/// The first thing that is wrong with a limit as its author wrote it.
public enum LimitError: Error, Hashable, Sendable {
    /// `start` of a rate.
    case startRate(found: String)
    /// `max` of a rate.
    case largestRate(found: String)
    /// `max` of a rate is less than its `start`, or counts over another unit.
    case rateShrinks(start: Rate, largest: Rate)
    case factor(found: Int)
    /// `every` of a rate.
    case step(found: String)
    /// The name of an attribute whose values make groups.
    case attribute(found: String)
    case share(found: String)
    case egress(found: String)
}

extension LimitError: CustomStringConvertible {
    /// One clause that says what was expected and what was there.
    public var description: String {
        switch self {
        case .startRate(let found), .largestRate(let found):
            "expected a rate such as 60/min, at most \(Rate.counts.upperBound) in a sec, min, "
                + "hour or day, found \(Quotation.of(found))"
        case .rateShrinks(let start, let largest):
            "expected at least the \(start) of the start over the same unit, found \(largest)"
        case .factor(let found):
            "expected \(RateCurve.factors.lowerBound) to \(RateCurve.factors.upperBound), "
                + "found \(found)"
        case .step(let found):
            "expected a number of devices such as 500 confirmed, at most "
                + "\(RateCurve.steps.upperBound), found \(Quotation.of(found))"
        case .attribute(let found):
            "expected an attribute name (a-z, then a-z, 0-9 or _; at most 64), "
                + "found \(Quotation.of(found))"
        case .share(let found):
            "expected a percentage such as 25% or a number of devices such as 3, at most "
                + "\(ShareLimit.deviceCounts.upperBound), found \(Quotation.of(found))"
        case .egress(let found):
            "expected an amount such as 200 GB/day, in kB, MB, GB or TB in a sec, min, hour or "
                + "day, found \(Quotation.of(found))"
        }
    }
}
