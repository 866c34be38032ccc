/// How many of `drawn` devices are marked when they are drawn at random from a population.
///
/// Its upper tail is the one-sided p-value of Fisher's exact test.
struct Hypergeometric {
    private let population: Int
    private let marked: Int
    private let drawn: Int

    init(population: Int, marked: Int, drawn: Int) {
        precondition(
            (0...population).contains(marked) && (0...population).contains(drawn),
            "what is marked and what is drawn are parts of the population")
        self.population = population
        self.marked = marked
        self.drawn = drawn
    }

    /// The chance of `fewest` or more marked ones.
    ///
    /// It takes time proportional to the number of marked ones at most.
    func ofAtLeast(_ fewest: Int) -> Double {
        let lowest = max(0, drawn + marked - population)
        let highest = min(drawn, marked)
        guard fewest > lowest else { return 1 }
        guard fewest <= highest else { return 0 }
        let tail = (fewest...highest).map(logarithm)
        return min(1, Logarithm.exponential(Logarithm.sum(ofLogarithms: tail)))
    }

    private func logarithm(of count: Int) -> Double {
        Logarithm.binomial(marked, count)
            + Logarithm.binomial(population - marked, drawn - count)
            - Logarithm.binomial(population, drawn)
    }
}
