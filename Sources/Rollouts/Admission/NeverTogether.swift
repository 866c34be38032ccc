public import Model

/// Devices that share a value of an attribute never hold a lease at the same time.
///
/// A device without the attribute has no partner, so it is never held back.
public struct NeverTogether: Hashable, Sendable {
    /// The attribute whose values make the groups, such as `ha_pair`.
    public let attribute: String

    /// - Throws: ``LimitError/attribute(found:)``.
    public init(attribute: String) throws(LimitError) {
        guard Attributes.isName(attribute) else { throw .attribute(found: attribute) }
        self.attribute = attribute
    }

    /// Why a device may not take a lease now; `nil` when this limit lets it.
    ///
    /// - Parameter value: The device's value of ``attribute``.
    /// - Parameter holder: A device that took an open lease with this value; `nil` when none did.
    public func refusal(value: String?, holder: DeviceID?) -> LimitRefusal? {
        guard let value, let holder else { return nil }
        return .partnerHoldsLease(attribute: attribute, value: value, holder: holder)
    }
}
