/// The text in which metrics are scraped.
public enum Exposition: Hashable, Sendable {
    /// Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// What the `Accept` header asks for; the plain text when it names neither.
    ///
    /// Weights are not compared: whoever names OpenMetrics at all can read it.
    public init(accept: String?) {
        let isOpen = accept.map { header in
            header.split(separator: ",").contains { range in
                let parts = range.split(separator: ";").map { $0.lowercased().filter { $0 != " " } }
                return parts.first == "application/openmetrics-text" && !parts.contains("q=0")
            }
        }
        self = isOpen == true ? .openMetrics : .text
    }

    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    public func write(_ families: [MetricFamily]) -> [UInt8] {
        var text = ""
        for family in families where !family.samples.isEmpty { write(family, to: &text) }
        if self == .openMetrics { text += "# EOF\n" }
        return Array(text.utf8)
    }

    private func write(_ family: MetricFamily, to text: inout String) {
        let name = familyName(of: family.description)
        text += "# HELP \(name) \(escapedHelp(family.description.help))\n"
        text += "# TYPE \(name) \(family.description.kind.word)\n"
        for sample in family.samples {
            let labels = zip(family.description.labels, sample.labelValues).map { name, value in
                "\(name)=\"\(Self.escaped(value, quotes: true))\""
            }
            switch sample.value {
            case .number(let number):
                Self.line(family.description.name, labels, Self.number(number), to: &text)
            case .histogram(let histogram):
                write(histogram, family.description.name, labels, to: &text)
            }
        }
    }

    /// OpenMetrics names a counter without the ending that its samples have.
    private func familyName(of description: MetricDescription) -> String {
        switch (self, description.kind) {
        case (.openMetrics, .counter): String(description.name.dropLast("_total".count))
        case (.openMetrics, .gauge), (.openMetrics, .histogram), (.text, _): description.name
        }
    }

    private func write(
        _ histogram: HistogramCount, _ name: String, _ labels: [String], to text: inout String
    ) {
        var cumulative: UInt64 = 0
        let bounds = histogram.upperBounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.counts) {
            cumulative &+= count
            Self.line("\(name)_bucket", labels + ["le=\"\(bound)\""], "\(cumulative)", to: &text)
        }
        Self.line("\(name)_sum", labels, Self.number(histogram.sum), to: &text)
        Self.line("\(name)_count", labels, "\(cumulative)", to: &text)
    }

    private static func line(
        _ name: String, _ labels: [String], _ number: String, to text: inout String
    ) {
        text += name
        if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
        text += " \(number)\n"
    }

    private func escapedHelp(_ help: String) -> String {
        Self.escaped(help, quotes: self == .openMetrics)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers without a point, as people read them; the rest as short as it is exact.
    static func number(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return "\(whole)" }
        return "\(number)"
    }
}
