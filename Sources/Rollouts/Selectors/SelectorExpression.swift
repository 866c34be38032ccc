internal import Model

/// What a selector means.
indirect enum SelectorExpression: Hashable, Sendable {
    case all
    case has(DeviceWord)
    case tag(ExactText)
    /// The device has the word, and the test holds for it as `expected`.
    case text(DeviceWord, TextTest, expected: Bool)
    /// The device has the word, which is a version, and the test holds for it as `expected`.
    case version(DeviceWord, VersionTest, expected: Bool)
    case lastSeen(SelectorOrder, Duration)
    case place(within: Percentage)
    case not(SelectorExpression)
    case both([SelectorExpression])
    case either([SelectorExpression])

    func matches(_ device: DeviceFacts, in context: SelectorContext) -> Bool {
        switch self {
        case .all: true
        case .has(let word): word.value(in: device) != nil
        case .tag(let tag): device.attributes["tags"].map(tag.isPart) ?? false
        case .text(let word, let test, let expected):
            word.value(in: device).map { test.holds(for: $0) == expected } ?? false
        case .version(let word, let test, let expected):
            word.version(in: device).map { test.holds(for: $0) == expected } ?? false
        case .lastSeen(let order, let age): order.holds(device.age(at: context.now), age)
        case .place(let percentage): percentage.holds(context.place(device.id))
        case .not(let one): !one.matches(device, in: context)
        case .both(let parts): parts.allSatisfy { $0.matches(device, in: context) }
        case .either(let parts): parts.contains { $0.matches(device, in: context) }
        }
    }

    var dependsOnTime: Bool {
        switch self {
        case .all, .has, .tag, .text, .version, .place: false
        case .lastSeen: true
        case .not(let one): one.dependsOnTime
        case .both(let parts), .either(let parts): parts.contains(where: \.dependsOnTime)
        }
    }
}

extension DeviceFacts {
    /// How long ago the device was heard of; a moment in the future counts as now.
    fileprivate func age(at now: Instant) -> Duration {
        max(.zero, now.elapsed(since: lastSeen))
    }
}
