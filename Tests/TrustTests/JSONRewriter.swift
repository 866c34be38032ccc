import JSON

/// Writes a value in other ways than we do, legal or not.
struct JSONRewriter {
    /// What stands between any two tokens.
    var space = ""
    /// Writes every character of a string as `\u` and four digits.
    var escapesEverything = false
    var isBackwards = false
    /// The member to write twice, as its place among all members of the document.
    var duplicated: Int?
    private var memberCount = 0

    /// - Parameter duplicated: `nil` for a legal document.
    init(
        space: String = "", escapesEverything: Bool = false, isBackwards: Bool = false,
        duplicated: Int? = nil
    ) {
        self.space = space
        self.escapesEverything = escapesEverything
        self.isBackwards = isBackwards
        self.duplicated = duplicated
    }

    static func bytes(_ value: JSONValue, _ rewriter: JSONRewriter) -> [UInt8] {
        var rewriter = rewriter
        return Array(rewriter.text(value).utf8)
    }

    /// How many members there are in all objects of `value`.
    static func memberCount(_ value: JSONValue) -> Int {
        var rewriter = JSONRewriter()
        _ = rewriter.text(value)
        return rewriter.memberCount
    }

    private mutating func text(_ value: JSONValue) -> String {
        switch value {
        case .null: return space + "null" + space
        case .bool(let value): return "\(space)\(value)\(space)"
        case .integer(let number): return "\(space)\(number)\(space)"
        case .string(let string): return space + quoted(string.text) + space
        case .array(let elements):
            return space + "[" + elements.map { text($0) }.joined(separator: ",") + "]" + space
        case .object(let object):
            let members = isBackwards ? object.members.reversed() : object.members
            var parts: [String] = []
            for member in members {
                let isTwice = memberCount == duplicated
                memberCount += 1
                let part = space + quoted(member.key.text) + space + ":" + text(member.value)
                parts += isTwice ? [part, part] : [part]
            }
            return space + "{" + parts.joined(separator: ",") + "}" + space
        }
    }

    private func quoted(_ text: String) -> String {
        let characters = text.utf16.map { unit -> String in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        guard escapesEverything else {
            return String(decoding: JSONValue.string(text).compactBytes, as: UTF8.self)
        }
        return "\"\(characters.joined())\""
    }
}
