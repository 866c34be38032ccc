public import Model

/// Whether the devices that could take a release could go back to what they run now.
public struct WayBack: Hashable, Sendable {
    public let candidateCount: Int
    /// How many of them could go back.
    public let returnableCount: Int
    /// What the others run, the most frequent first; at most ``maximumCount``.
    public let obstacles: [Obstacle]
    /// How many pairs of a release and a model are not in ``obstacles``.
    public let furtherCount: Int

    /// The most obstacles that are kept.
    public static let maximumCount = 50
    /// The most obstacles that the description names.
    public static let namedCount = 3

    /// A release that devices of one model run and could not go back to.
    public struct Obstacle: Hashable, Sendable {
        /// `nil` when it is not known what the devices run.
        public let release: ReleaseID?
        public let hardware: HardwareModel
        /// At least 1.
        public let deviceCount: Int
    }

    init(running: [RunningRelease: Int], mayReturn: (ReleaseID, HardwareModel) -> Bool) {
        let obstacles = running.filter { pair, _ in
            pair.release.map { !mayReturn($0, pair.hardware) } ?? true
        }.map { Obstacle(release: $0.release, hardware: $0.hardware, deviceCount: $1) }
        candidateCount = running.values.reduce(0, +)
        returnableCount = candidateCount - obstacles.reduce(0) { $0 + $1.deviceCount }
        self.obstacles = Array(
            obstacles.sorted { $0.precedes($1) }.prefix(Self.maximumCount))
        furtherCount = obstacles.count - self.obstacles.count
    }
}

/// What a device runs, as far as going back depends on it.
struct RunningRelease: Hashable {
    let release: ReleaseID?
    let hardware: HardwareModel

    init(_ device: DeviceFacts) {
        release = device.release
        hardware = device.hardware
    }
}

extension WayBack.Obstacle {
    /// More devices first, then the order of releases, in which an unknown one is the first.
    fileprivate func precedes(_ other: Self) -> Bool {
        guard deviceCount == other.deviceCount else { return deviceCount > other.deviceCount }
        guard release != other.release else { return hardware < other.hardware }
        guard let left = release, let right = other.release else { return release == nil }
        return left < right
    }
}

extension WayBack: CustomStringConvertible {
    /// One clause for an operator.
    public var description: String {
        let summary =
            "\(returnableCount) of \(candidateCount) devices could go back to what they run now"
        guard !obstacles.isEmpty else { return summary }
        let rest = obstacles.count + furtherCount - min(obstacles.count, Self.namedCount)
        return summary + "; not the "
            + obstacles.prefix(Self.namedCount).map { "\($0)" }.joined(separator: ", ")
            + (rest > 0 ? " and those of \(rest) more" : "")
    }
}

extension WayBack.Obstacle: CustomStringConvertible {
    public var description: String {
        "\(deviceCount) on \(hardware) with "
            + (release.map { "\($0)" } ?? "a release that is not known")
    }
}
