extension Selector {
    /// Whether it is seen, without looking at any device, that one of `bounds` picks whatever this
    /// selector picks.
    ///
    /// True for a selector that is one of them, or one of them `and` more, or several such joined
    /// by `or`. False says nothing: it is only not seen.
    public func isSeenWithin(_ bounds: [Selector]) -> Bool {
        expression.isSeenWithin(bounds.map(\.expression.conditions))
    }

    /// Whether what devices run decides whom it picks.
    public var asksWhatDevicesRun: Bool { !words.isDisjoint(with: ["release", "version"]) }
}

extension SelectorExpression {
    /// - Parameter bounds: The conditions of each.
    fileprivate func isSeenWithin(_ bounds: [Set<SelectorExpression>]) -> Bool {
        let conditions = conditions
        if bounds.contains(where: { $0.isSubset(of: conditions) }) { return true }
        guard case .either(let parts) = self else { return false }
        return parts.allSatisfy { $0.isSeenWithin(bounds) }
    }

    /// All of these hold for a device exactly when the expression does.
    fileprivate var conditions: Set<SelectorExpression> {
        switch self {
        case .all: []
        case .both(let parts): parts.reduce(into: []) { $0.formUnion($1.conditions) }
        case .has, .tag, .text, .version, .lastSeen, .place, .not, .either: [self]
        }
    }
}
