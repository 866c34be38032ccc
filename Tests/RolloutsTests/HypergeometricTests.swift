import Glibc
import Testing

@testable import Rollouts

@Suite struct HypergeometricTests {
    /// Population, marked, drawn, fewest; the chances are fractions of binomial coefficients.
    static let table: [(Int, Int, Int, Int, Double)] = [
        (8, 4, 4, 4, 1 / 70), (8, 4, 4, 3, 17 / 70), (4, 2, 2, 2, 1 / 6), (4, 2, 3, 1, 1),
        (15, 3, 3, 3, 1 / 455), (5, 5, 3, 3, 1), (5, 0, 3, 0, 1), (5, 1, 3, 2, 0), (0, 0, 0, 0, 1),
    ]

    @Test(arguments: table)
    func agreesWithCounting(
        population: Int, marked: Int, drawn: Int, fewest: Int, chance: Double
    ) {
        let draw = Hypergeometric(population: population, marked: marked, drawn: drawn)
        #expect(abs(draw.ofAtLeast(fewest) - chance) < 1e-12)
    }

    @Test func staysANumberWhereTheChanceIsTooSmallForOne() {
        let draw = Hypergeometric(population: 1_000_000, marked: 5000, drawn: 5000)
        #expect(draw.ofAtLeast(5000) == 0)
        #expect(abs(draw.ofAtLeast(25) - 0.532) < 0.01)
    }

    @Test(arguments: [1e-3, 0.5, 1, 1.5, 2, 15.9, 16, 100.5, 1e6, 1e9])
    func gammaAgreesWithGlibc(value: Double) {
        let expected: Double = Glibc.lgamma(value)
        #expect(abs(Logarithm.gamma(value) - expected) <= 2e-14 * max(abs(expected), 1))
    }

    @Test(arguments: [0, 1e-300, 0.25, 2, 144, 1e18])
    func squareRootAgreesWithGlibc(value: Double) {
        #expect(abs(Logarithm.squareRoot(value) - value.squareRoot()) <= 4e-16 * value.squareRoot())
    }
}
