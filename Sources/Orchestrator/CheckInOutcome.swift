/// What came of a check-in that was taken.
public enum CheckInOutcome: String, Hashable, Sendable, CaseIterable {
    case wait
    case offer
    case cancel
    case retire
}

extension CheckInOutcome {
    init(_ order: CheckInTransaction.Order) {
        switch order {
        case .wait: self = .wait
        case .offer: self = .offer
        case .cancel: self = .cancel
        case .retire: self = .retire
        }
    }
}
