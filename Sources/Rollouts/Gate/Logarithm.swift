/// Natural logarithm and exponential, good to about 1e-15, so that the gate needs no C library.
///
/// Neither `rounded()` nor a `stride` of `Double`s occurs here: optimised builds take `round` and
/// `fma` from libm, which is only linked where something imports it.
enum Logarithm {
    /// ln 2 in two parts: a whole number times the first is exact, the second is what it lacks.
    private static let ln2High = 0x1.62e42feep-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// The natural logarithm of a positive, finite number.
    static func natural(_ value: Double) -> Double {
        precondition(value > 0 && value.isFinite, "only positive numbers have a logarithm")
        var exponent = Double(value.exponent)
        var significand = value.significand
        // Around 1, where the series converges fast and a sum would cancel.
        if significand > 1.414 {
            significand /= 2
            exponent += 1
        }
        // ln m = 2 artanh t, with |t| < 0.172, so that eleven terms leave less than 1e-18.
        let t = (significand - 1) / (significand + 1)
        let square = t * t
        var series = 0.0
        for term in stride(from: 23, through: 3, by: -2) {
            series = series * square + 1 / Double(term)
        }
        return exponent * ln2High + (2 * t + (2 * t * square * series + exponent * ln2Low))
    }

    /// e to the power of a number; 0 or infinity where a `Double` cannot hold it.
    static func exponential(_ power: Double) -> Double {
        guard power > -745 else { return 0 }
        guard power < 709.5 else { return .infinity }
        let whole = Int(power / 0.6931471805599453 + (power < 0 ? -0.5 : 0.5))
        let exponent = Double(whole)
        let rest = (power - exponent * ln2High) - exponent * ln2Low
        // |rest| < 0.35, so that fifteen terms leave less than 1e-18.
        var series = 1.0
        for term in stride(from: 15, through: 1, by: -1) {
            series = 1 + rest / Double(term) * series
        }
        return Double(sign: .plus, exponent: whole, significand: series)
    }

    /// The logarithm of the mean of numbers of which only the logarithms are given.
    ///
    /// The numbers themselves may be too large or too small for a `Double`.
    static func mean(ofLogarithms logarithms: [Double]) -> Double {
        guard let largest = logarithms.max() else {
            preconditionFailure("there is no mean of no numbers")
        }
        let sum = logarithms.reduce(0) { $0 + exponential($1 - largest) }
        return largest + natural(sum / Double(logarithms.count))
    }
}
