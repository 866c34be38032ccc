/// What our variables are called in U-Boot's environment.
public struct UBootVariables: Hashable, Sendable {
    /// The slot that boots unless there is a trial.
    public var good = "slipway_good"
    /// The slot on trial, or `none`.
    public var trial = "slipway_try"
    /// How many boots the slot on trial still has, 0 to 7.
    public var tries = "slipway_tries"

    public init() {}

    /// What ``trial`` holds while there is none: U-Boot takes an empty value for no variable.
    static let none = "none"
}
