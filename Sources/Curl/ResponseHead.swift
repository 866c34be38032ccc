/// The status and headers of one answer, collected line by line.
struct ResponseHead: Sendable {
    private(set) var status = 0
    /// Whether the empty line that ends a head has come.
    private(set) var isComplete = false
    /// Names in lower case.
    private var headers: [(name: String, value: String)] = []

    /// Adds one line; a status line begins anew, because redirects and interim answers came before.
    mutating func add(line bytes: [UInt8]) {
        let line = String(decoding: bytes.filter { $0 != 0x0d && $0 != 0x0a }, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            self = ResponseHead()
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

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
