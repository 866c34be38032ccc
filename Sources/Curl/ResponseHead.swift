/// The status and headers of one answer, collected line by line.
struct ResponseHead: Sendable {
    private(set) var status = 0
    /// Whether the empty line that ends a head has come.
    private(set) var isComplete = false
    /// Whether another place had sent us on to the one that answers.
    private(set) var isRedirected = false
    /// Names in lower case.
    private var headers: [(name: String, value: String)] = []

    /// Adds one line; a status line begins anew, because redirects and interim answers came before.
    mutating func add(line bytes: [UInt8]) {
        let line = String(decoding: bytes.filter { $0 != 0x0d && $0 != 0x0a }, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            let isRedirected = isRedirected || (300..<400).contains(status)
            self = ResponseHead()
            self.isRedirected = isRedirected
            status = parts.count >= 2 ? Int(parts[1]) ?? 0 : 0
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let value = line[colon...].dropFirst()
            headers.append((line[..<colon].lowercased(), Self.trimmed(value)))
        } else if line.isEmpty {
            isComplete = true
        }
    }

    func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }

    /// The value of a header that came once, or more than once with the same value.
    func only(_ name: String) -> String? {
        let values = Set(headers.filter { $0.name == name }.map(\.value))
        return values.count == 1 ? values.first : nil
    }

    var isWebPage: Bool {
        let type = header("content-type")?.lowercased() ?? ""
        return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml")
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
