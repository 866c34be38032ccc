/// Evidence against one failure rate, in favour of others: a mean of likelihood ratios.
///
/// The mean over fixed alternatives is a martingale with start 1 while the rate is the allowed one.
/// By Ville's inequality the chance that it *ever* reaches 1/α is then at most α, so one may look
/// after every report (DESIGN section 7).
struct EvidenceMixture {
    /// What one failed and one proven device add to the logarithm of the ratio, for each alternative.
    private let steps: [(failed: Double, proven: Double)]

    /// How many alternative rates there are, spaced logarithmically.
    static let alternativeCount = 32
    /// How far below the allowed rate the alternatives of health reach.
    static let depthOfHealth = 1000.0

    /// Evidence that the rate is above the allowed one, with alternatives up to 1.
    static func harm(allowedRate: Double) -> EvidenceMixture {
        let allowed = Logarithm.natural(allowedRate)
        return EvidenceMixture(allowedRate: allowedRate, logarithms: allowed, 0)
    }

    /// Evidence that the rate is below the allowed one, with alternatives down to a thousandth of it.
    static func health(allowedRate: Double) -> EvidenceMixture {
        let allowed = Logarithm.natural(allowedRate)
        let lowest = allowed - Logarithm.natural(depthOfHealth)
        return EvidenceMixture(allowedRate: allowedRate, logarithms: lowest, allowed)
    }

    /// Takes the middle of each of 32 equal parts between two logarithms, so never their ends.
    private init(allowedRate: Double, logarithms lowest: Double, _ highest: Double) {
        let allowed = Logarithm.natural(allowedRate)
        let allowedSuccess = Logarithm.natural(1 - allowedRate)
        steps = (0..<Self.alternativeCount).map { index in
            let part = (Double(index) + 0.5) / Double(Self.alternativeCount)
            let rate = lowest + (highest - lowest) * part
            let success = Logarithm.natural(1 - Logarithm.exponential(rate))
            return (failed: rate - allowed, proven: success - allowedSuccess)
        }
    }

    /// The natural logarithm of the evidence in `failures` among `decided` devices.
    func logarithm(failures: Int, decided: Int) -> Double {
        precondition(0 <= failures && failures <= decided, "failures are among the decided")
        let failed = Double(failures)
        let proven = Double(decided - failures)
        return Logarithm.mean(
            ofLogarithms: steps.map { failed * $0.failed + proven * $0.proven })
    }
}
