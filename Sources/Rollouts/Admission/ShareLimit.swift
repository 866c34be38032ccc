internal import Model

/// At most so many devices that share one value of an attribute hold a lease at once.
///
/// A device without the attribute is a group of its own, so it is never limited: it is not known
/// to share anything, and one group of all such devices would hold up a fleet for what it lacks.
/// Whoever wants such devices left out says `has(…)` in the selector. An empty value is a value.
public struct ShareLimit: Hashable, Sendable {
    /// The attribute whose values make the groups, such as `site`.
    public let attribute: String
    public let share: Share

    static let deviceCounts = 1...1_000_000

    /// How much of a group may hold a lease at once.
    public enum Share: Hashable, Sendable {
        /// Of the rollout's candidates in the group, rounded down, but at least one device.
        case percent(Percentage)
        /// 1 to 1,000,000 devices.
        case devices(Int)
    }

    /// Reads one entry of `per`: the name of an attribute, and `25%` or `3`.
    ///
    /// A number without `%` counts devices here.
    ///
    /// - Throws: ``LimitError/attribute(found:)`` or ``LimitError/share(found:)``.
    public init(attribute: String, share: String) throws(LimitError) {
        guard Attributes.isName(attribute) else { throw .attribute(found: attribute) }
        self.attribute = attribute
        if share.hasSuffix("%"), let percentage = Percentage(share) {
            self.share = .percent(percentage)
        } else if let count = WholeNumber.parse(share[...], maximumDigits: 7),
            Self.deviceCounts.contains(count)
        {
            self.share = .devices(count)
        } else {
            throw .share(found: share)
        }
    }

    /// How many devices of a group may hold a lease at once; at least 1.
    ///
    /// - Parameter members: The rollout's candidates in the group.
    public func places(members: Int) -> Int {
        precondition(members >= 0, "devices are counted from 0")
        switch share {
        case .devices(let count): return count
        case .percent(let percentage):
            // The product of both halves of the word cannot overflow, and its share is no larger.
            let product = UInt64(members).multipliedFullWidth(by: percentage.millionths)
            return max(1, Int(UInt64(1_000_000).dividingFullWidth(product).quotient))
        }
    }

    /// Why a device may not take a lease now; `nil` when this limit lets it.
    ///
    /// - Parameter value: The device's value of ``attribute``.
    /// - Parameter members: The rollout's candidates with this value.
    /// - Parameter openLeases: The leases that were taken by devices with this value and are open.
    public func refusal(value: String?, members: Int, openLeases: Int) -> LimitRefusal? {
        guard let value else { return nil }
        let places = places(members: members)
        guard openLeases >= places else { return nil }
        return .shareReached(
            attribute: attribute, value: value, open: openLeases, members: members, places: places)
    }
}
