/// A reader of the text format that takes nothing which the format does not have.
struct ScrapedMetrics {
    struct Family {
        var kind: String
        var help: String
        var labels: Set<String> = []
        /// All values of each label.
        var values: [String: Set<String>] = [:]
        var samples: [(name: String, labels: [String: String], value: Double)] = []
    }

    struct Wrong: Error { let line: String }

    let text: String
    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        self.text = text
        var helps: [String: String] = [:]
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("# HELP ") {
                let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
                guard parts.count == 4, helps[parts[2]] == nil else { throw Wrong(line: line) }
                helps[parts[2]] = parts[3]
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.split(separator: " ").map(String.init)
                guard parts.count == 4, families[parts[2]] == nil, let help = helps[parts[2]] else {
                    throw Wrong(line: line)
                }
                families[parts[2]] = Family(kind: parts[3], help: help)
            } else {
                try add(line)
            }
        }
    }

    private mutating func add(_ line: String) throws {
        guard
            let match = line.wholeMatch(
                of: /([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? ([-+.0-9eE]+|\+Inf|-Inf|NaN)/),
            let name = Self.family(of: String(match.1), in: families), var family = families[name]
        else { throw Wrong(line: line) }
        var labels: [String: String] = [:]
        for label in (match.2 ?? "").matches(of: /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/) {
            guard labels.updateValue(String(label.2), forKey: String(label.1)) == nil else {
                throw Wrong(line: line)
            }
        }
        let number =
            match.3 == "+Inf" ? Double.infinity : match.3 == "NaN" ? .nan : Double(match.3)
        guard let number,
            !family.samples.contains(where: { $0.name == match.1 && $0.labels == labels })
        else { throw Wrong(line: line) }
        family.samples.append((String(match.1), labels, number))
        family.labels.formUnion(labels.keys)
        for (label, value) in labels { family.values[label, default: []].insert(value) }
        families[name] = family
    }

    /// The samples of a histogram have endings.
    static func family(of name: String, in families: [String: Family]) -> String? {
        if families[name].map({ $0.kind != "histogram" }) == true { return name }
        for ending in ["_bucket", "_sum", "_count"] where name.hasSuffix(ending) {
            let stem = String(name.dropLast(ending.count))
            if families[stem]?.kind == "histogram" { return stem }
        }
        return nil
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        Self.family(of: name, in: families).flatMap { families[$0] }?.samples
            .first { $0.name == name && $0.labels == labels }?.value
    }
}
