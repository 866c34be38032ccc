/// A small generator whose numbers follow from its seed alone (SplitMix64).
///
/// It is for simulations, and no good for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mixed(state)
    }

    /// Spreads a number over all 64 bits; each number goes to another.
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The draw with this number in a sequence that belongs to `key`; at least 0, less than 1.
    static func unit(_ key: UInt64, _ number: UInt64) -> Double {
        let bits = mixed(key &+ (number &+ 1) &* 0x9e37_79b9_7f4a_7c15) >> 11
        return Double(bits) * 0x1p-53
    }
}
