/// What was claimed and what was observed, in order.
struct DemoLedger {
    private(set) var rows: [Row] = []

    struct Row {
        let step: Int
        let claim: String
        let evidence: String
        let holds: Bool
    }

    /// Notes what was observed for one claim and tells it at once.
    mutating func note(_ step: Int, _ claim: String, _ evidence: String, holds: Bool) {
        rows.append(Row(step: step, claim: claim, evidence: evidence, holds: holds))
        say("    \(holds ? "✓" : "✗") \(claim): \(evidence)")
    }

    /// The number of claims that a whole demonstration makes, that nothing is left included.
    static let expectedCount = 20

    /// Whether every claim was made and holds; a demonstration that stopped early proves nothing.
    func holds(isKept: Bool) -> Bool {
        rows.count == Self.expectedCount - (isKept ? 1 : 0) && rows.allSatisfy(\.holds)
    }

    var table: String {
        let width = rows.map { $0.claim.count }.max() ?? 0
        let lines = rows.map { row in
            let claim = row.claim + String(repeating: " ", count: width - row.claim.count)
            return "  \(row.step)  \(row.holds ? "yes" : "NO ")  \(claim)  \(row.evidence)"
        }
        return lines.joined(separator: "\n")
    }
}
