import Glibc
import Testing

@testable import Rollouts

@Suite struct LogarithmTests {
    static let values: [Double] = [
        .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-300, 1e-9, 0.02, 0.5, 0.7071067811865475,
        0.9999999999999999, 1, 1.0000000000000002, 1.414, 1.4142135623730951, 2, 2.718281828459045,
        20, 1e9, 1e300, .greatestFiniteMagnitude,
    ]

    @Test(arguments: values)
    func agreesWithGlibcAtMarkedPlaces(value: Double) {
        let expected = Glibc.log(value)
        #expect(abs(Logarithm.natural(value) - expected) <= 4e-16 * max(abs(expected), 1e-16))
    }

    @Test(arguments: Array(0..<UInt64(20)))
    func agreesWithGlibcEverywhere(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let value = Double(
                sign: .plus, exponent: .random(in: -1000...1000, using: &random),
                significand: .random(in: 1..<2, using: &random))
            let expected = Glibc.log(value)
            #expect(abs(Logarithm.natural(value) - expected) <= 1e-15 * max(abs(expected), 1e-3))
            let power = Double.random(in: -700...700, using: &random)
            let ratio = Logarithm.exponential(power) / Glibc.exp(power)
            #expect(abs(ratio - 1) <= 1e-14)
        }
    }

    @Test func theEndsOfTheExponentialAreZeroAndInfinity() {
        #expect(Logarithm.exponential(0) == 1)
        #expect(Logarithm.exponential(-1000) == 0)
        #expect(Logarithm.exponential(1000) == .infinity)
        #expect(Logarithm.exponential(-.infinity) == 0)
    }

    @Test func aMeanOfNumbersBeyondDoubleStaysFinite() {
        #expect(Logarithm.mean(ofLogarithms: [5000, 5000]) == 5000)
        let expected = 5000 - Glibc.log(2.0)
        #expect(abs(Logarithm.mean(ofLogarithms: [5000, -5000]) - expected) < 1e-12)
        #expect(Logarithm.mean(ofLogarithms: [-5000, -5000]) == -5000)
    }
}
