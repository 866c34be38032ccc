/// What stands in the XML by which a bucket answers.
///
/// Only what S3 writes is understood: elements with text or elements in them. Nothing is fetched,
/// and nothing is expanded but the five entities that XML has by itself.
struct BucketAnswer {
    private let text: Substring

    init(_ bytes: [UInt8]) { text = Substring(decoding: bytes, as: UTF8.self) }

    private init(_ text: Substring) { self.text = text }

    /// The contents of every element with this name, in order; of nested ones the outermost.
    func elements(_ name: String) -> [BucketAnswer] {
        var found: [BucketAnswer] = []
        var rest = text
        while let start = rest.firstRange(of: "<\(name)>"),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            found.append(BucketAnswer(rest[start.upperBound..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return found
    }

    /// The text of the first element with this name.
    func value(_ name: String) -> String? {
        guard let element = elements(name).first, !element.text.contains("<") else { return nil }
        return Self.unescaped(element.text)
    }

    private static func unescaped(_ text: Substring) -> String {
        let entities = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"),
            ("&amp;", "&"),
        ]
        return entities.reduce(String(text)) { $0.replacing($1.0, with: $1.1) }
    }
}
