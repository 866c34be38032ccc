public import Model

/// The limit for which a device cannot take a lease now, with the facts that decided.
public enum LimitRefusal: Hashable, Sendable {
    /// `opens` is `nil` when the window does not open for some weeks.
    case windowClosed(opens: Instant?)
    case windowUnknown(WindowAnswer.Reason)
    /// As many leases as may be taken in one window were; none before `until`.
    case rateReached(Rate, until: Instant)
    /// As many bytes as may be offered in one window were; none so large before `until`.
    case egressReached(EgressBudget, until: Instant)
    /// The image can never be offered under this budget.
    case imageExceedsEgress(EgressBudget, length: Int64)
    case shareReached(attribute: String, value: String, open: Int, members: Int, places: Int)
    case partnerHoldsLease(attribute: String, value: String, holder: DeviceID)
}

extension MaintenanceWindow {
    /// Why a device may not take a lease now; `nil` only while the window is surely open.
    public func refusal(
        at now: Instant, for device: Attributes, zones: some TimeZones
    ) -> LimitRefusal? {
        switch isOpen(at: now, for: device, zones: zones) {
        case .open: nil
        case .closed(let opens): .windowClosed(opens: opens)
        case .unknown(let reason): .windowUnknown(reason)
        }
    }
}

extension RateCurve {
    /// Why no lease may be taken now; `nil` when one may.
    public func refusal(confirmed: Int, recent: RecentUse?, at now: Instant) -> LimitRefusal? {
        switch mayTake(confirmed: confirmed, recent: recent, at: now) {
        case .now: return nil
        case .after(let moment):
            return .rateReached(allowance(confirmed: confirmed), until: moment)
        case .never: preconditionFailure("a rate allows at least one lease")
        }
    }
}

extension EgressBudget {
    /// Why no image of `length` bytes may be offered now; `nil` when one may.
    public func refusal(length: Int64, recent: RecentUse?, at now: Instant) -> LimitRefusal? {
        switch mayOffer(length: length, recent: recent, at: now) {
        case .now: nil
        case .after(let moment): .egressReached(self, until: moment)
        case .never: .imageExceedsEgress(self, length: length)
        }
    }
}

extension LimitRefusal: CustomStringConvertible {
    /// One clause for an operator who asks why.
    public var description: String {
        switch self {
        case .windowClosed(let opens?): "its maintenance window opens at \(opens)"
        case .windowClosed(nil): "its maintenance window does not open for weeks"
        case .windowUnknown(let reason):
            "its maintenance window cannot be told, because \(reason)"
        case .rateReached(let rate, let moment):
            "leases are taken at \(rate), which is the limit until \(moment)"
        case .egressReached(let budget, let moment):
            "the egress of \(budget) is used up until \(moment)"
        case .imageExceedsEgress(let budget, let length):
            "its image has \(length) bytes, more than the egress of \(budget) ever allows"
        case .shareReached(let attribute, let value, let open, let members, let places):
            "the \(attribute) \(Self.shown(value)) has \(open) of \(members) devices updating, "
                + (open == places ? "which is its limit" : "and its limit is \(places)")
        case .partnerHoldsLease(let attribute, let value, let holder):
            "\(holder) of the same \(attribute) \(Self.shown(value)) is updating"
        }
    }

    /// A value that is a plain name needs no quotes.
    private static func shown(_ value: String) -> String {
        NameRule(value) == nil ? Quotation.of(value) : value
    }
}
