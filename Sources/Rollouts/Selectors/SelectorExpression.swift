internal import Model

/// What a selector means.
///
/// Texts are kept as bytes, because equal strings in Swift may have different bytes.
indirect enum SelectorExpression: Hashable, Sendable {
    case all
    case has(DeviceWord)
    case tag([UInt8])
    case equal(DeviceWord, [UInt8])
    case notEqual(DeviceWord, [UInt8])
    case ordered(DeviceWord, SelectorOrder, OrderedValue)
    case oneOf(DeviceWord, Set<[UInt8]>)
    case noneOf(DeviceWord, Set<[UInt8]>)
    case not(SelectorExpression)
    case both([SelectorExpression])
    case either([SelectorExpression])

    func matches(_ device: DeviceFacts) -> Bool {
        switch self {
        case .all: true
        case .has(let word): word.value(in: device) != nil
        case .tag(let tag): Self.hasTag(tag, device)
        case .equal(let word, let text):
            word.value(in: device).map { $0.utf8.elementsEqual(text) } ?? false
        case .notEqual(let word, let text):
            word.value(in: device).map { !$0.utf8.elementsEqual(text) } ?? false
        case .ordered(let word, let order, let value):
            word.value(in: device).map { order.holds(OrderedValue($0), value) } ?? false
        case .oneOf(let word, let texts):
            word.value(in: device).map { texts.contains(Array($0.utf8)) } ?? false
        case .noneOf(let word, let texts):
            word.value(in: device).map { !texts.contains(Array($0.utf8)) } ?? false
        case .not(let one): !one.matches(device)
        case .both(let parts): parts.allSatisfy { $0.matches(device) }
        case .either(let parts): parts.contains { $0.matches(device) }
        }
    }

    /// The same as ``Attributes/tags``, over bytes.
    private static func hasTag(_ tag: [UInt8], _ device: DeviceFacts) -> Bool {
        guard let tags = device.attributes["tags"] else { return false }
        return tags.utf8.split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual(tag) }
    }
}
