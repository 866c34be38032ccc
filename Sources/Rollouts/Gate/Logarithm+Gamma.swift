extension Logarithm {
    /// From where Stirling's series is good to about 1e-14.
    private static let seriesStart = 16.0
    private static let halfLogarithmOfTwoPi = 0.9189385332046727

    /// The natural logarithm of the gamma function of a positive number.
    static func gamma(_ value: Double) -> Double {
        precondition(value > 0 && value.isFinite, "the gamma function is asked of positive numbers")
        var shifted = value
        var factor = 1.0
        // Γ(x) = Γ(x + 1) / x, at most sixteen times.
        while shifted < seriesStart {
            factor *= shifted
            shifted += 1
        }
        let inverse = 1 / shifted
        let square = inverse * inverse
        let series =
            inverse
            * (1 / 12.0 - square * (1 / 360.0 - square * (1 / 1260.0 - square * (1 / 1680.0))))
        return (shifted - 0.5) * natural(shifted) - shifted + halfLogarithmOfTwoPi + series
            - natural(factor)
    }

    /// The natural logarithm of how many ways there are to choose `count` of `all`.
    static func binomial(_ all: Int, _ count: Int) -> Double {
        precondition((0...all).contains(count), "no more can be chosen than there are")
        guard count > 0, count < all else { return 0 }
        return gamma(Double(all) + 1) - gamma(Double(count) + 1) - gamma(Double(all - count) + 1)
    }

    /// The logarithm of the sum of numbers of which only the logarithms are given.
    static func sum(ofLogarithms logarithms: [Double]) -> Double {
        mean(ofLogarithms: logarithms) + natural(Double(logarithms.count))
    }

    /// The square root of a number that is not negative, without `sqrt` of libm.
    static func squareRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        let root = exponential(natural(value) / 2)
        // One step of Newton's method takes away what the exponential rounded.
        return (root + value / root) / 2
    }
}
