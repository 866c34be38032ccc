internal import Model

/// What happened, line by line, for a person.
struct Trace {
    let isKept: Bool
    private let onLine: ((String) -> Void)?
    private(set) var lines: [(who: String, text: String)] = []

    init(isKept: Bool, onLine: ((String) -> Void)?) {
        self.isKept = isKept
        self.onLine = onLine
    }

    mutating func add(_ who: String, _ what: String, at milliseconds: Int64) {
        let text = "\(Self.time(milliseconds))  \(Self.padded(who, to: 10)) \(what)"
        if let onLine { onLine(text) } else { lines.append((who, text)) }
    }

    /// The last lines about any of these, or about everything where there are none.
    func last(_ count: Int, about who: [String]) -> [String] {
        lines.filter { line in who.isEmpty || who.contains(line.who) || line.who == "INVARIANT" }
            .suffix(count).map(\.text)
    }

    /// Days, hours, minutes, seconds and thousandths since the beginning.
    static func time(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return "day \(seconds / 86_400 + 1) "
            + [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
            .map { padded($0, to: 2) }.joined(separator: ":")
            + ".\(padded(milliseconds % 1000, to: 3))"
    }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
