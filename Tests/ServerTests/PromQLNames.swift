/// The metrics and labels that an expression of Prometheus names; not its grammar, which promtool
/// knows.
struct PromQLNames {
    private(set) var metrics: Set<String> = []
    /// By metric what it must have: label and perhaps values.
    private var matchers: [(metric: String, label: String, values: [String])] = []
    /// Labels that results are grouped or joined by.
    private var grouping: Set<String> = []

    /// What Prometheus itself adds to all that it scrapes.
    private static let added: Set = ["job", "instance"]

    init(_ expression: String) {
        for match in expression.matches(of: /((?:slipway|process)_\w+)(?:\{([^}]*)\})?/) {
            let metric = String(match.1)
            metrics.insert(metric)
            for matcher in (match.2 ?? "").matches(of: /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/) {
                let isPattern = matcher.2.hasSuffix("~")
                let values = isPattern ? matcher.3.split(separator: "|") : [matcher.3]
                // A variable, or any value at all, names none.
                let named = values.filter { !$0.contains("$") && !$0.contains("*") }
                matchers.append((metric, String(matcher.1), named.map(String.init)))
            }
        }
        for match in expression.matches(of: /\b(?:by|on|ignoring|without)\s*\(([^)]*)\)/) {
            grouping.formUnion(
                match.1.split(separator: ",").map { String($0.filter { $0 != " " }) })
        }
        for match in expression.matches(of: /label_values\((\w+),\s*(\w+)\)/) {
            matchers.append((String(match.1), String(match.2), []))
        }
    }

    /// What is named and does not exist.
    func strangers(to scraped: ScrapedMetrics) -> [String] {
        var strangers: Set<String> = []
        var known = Self.added
        for metric in metrics {
            guard let name = ScrapedMetrics.family(of: metric, in: scraped.families),
                let family = scraped.families[name]
            else {
                strangers.insert(metric)
                continue
            }
            known.formUnion(family.labels)
            for matcher in matchers where matcher.metric == metric {
                guard !Self.added.contains(matcher.label) else { continue }
                guard let values = family.values[matcher.label] else {
                    strangers.insert(matcher.label)
                    continue
                }
                for value in matcher.values where !values.contains(value) {
                    // Classes of status that did not come up while the test looked.
                    if matcher.label == "status", value.wholeMatch(of: /[1-5]xx/) != nil {
                        continue
                    }
                    // There is no delegation in the test's repository.
                    if matcher.label == "role", value == "delegated" { continue }
                    strangers.insert("\(matcher.label)=\(value)")
                }
            }
        }
        if strangers.isEmpty { strangers.formUnion(grouping.subtracting(known)) }
        return strangers.sorted()
    }
}
