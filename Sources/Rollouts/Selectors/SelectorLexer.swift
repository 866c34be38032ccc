/// Cuts a selector into tokens, one at a time.
struct SelectorLexer {
    private let bytes: [UInt8]
    private var index = 0
    /// The start of the last token, from which the columns of the next are counted on.
    private var counted = (index: 0, column: 1)

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The next token; `end` for ever once there is none.
    mutating func next() throws(SelectorError) -> SelectorToken {
        while let byte = current, Self.isSpace(byte) { index += 1 }
        let start = index
        counted.column += Self.scalarCount(bytes[counted.index..<start])
        counted.index = start
        let kind = try kind()
        return SelectorToken(kind: kind, column: counted.column, bytes: start..<index)
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func kind() throws(SelectorError) -> SelectorToken.Kind {
        guard let byte = current else { return .end }
        if byte == UInt8(ascii: "\"") { return .text(try text()) }
        if Self.isDigit(byte) { return .number(run(of: Self.isNumberByte)) }
        if Self.isWordByte(byte) { return .word(run(of: Self.isWordByte)) }
        for symbol in SelectorToken.Symbol.allCases
        where bytes[index...].starts(with: symbol.rawValue.utf8) {
            index += symbol.rawValue.utf8.count
            return .symbol(symbol)
        }
        throw error(at: index, expected: "a word, a number, a text in double quotes or an operator")
    }

    private mutating func run(of isPart: (UInt8) -> Bool) -> String {
        let start = index
        while let byte = current, isPart(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func text() throws(SelectorError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            // A line break in a text is a quote forgotten on the line before.
            guard byte >= 32 && byte != 127 else { break }
            if byte == UInt8(ascii: "\\") {
                index += 1
                guard let escaped = current, escaped == UInt8(ascii: "\"") || escaped == byte
                else { throw error(at: index, expected: "\" or \\ after \\") }
            }
            text.append(bytes[index])
            index += 1
        }
        guard current != nil, current == UInt8(ascii: "\"") else {
            throw error(at: index, expected: "\" at the end of the text")
        }
        index += 1
        return String(decoding: text, as: UTF8.self)
    }

    private func error(at index: Int, expected: String) -> SelectorError {
        SelectorError(column: column(of: index), expected: expected, found: scalar(at: index))
    }

    /// The byte at `index` always starts a scalar, since a Swift string is valid UTF-8.
    private func scalar(at index: Int) -> String {
        guard index < bytes.count else { return "the end" }
        let tail = bytes[(index + 1)...].prefix { $0 & 0xc0 == 0x80 }
        return Quotation.of(String(decoding: [bytes[index]] + tail, as: UTF8.self))
    }

    private func column(of index: Int) -> Int { Self.scalarCount(bytes[..<index]) + 1 }

    private static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.count { $0 & 0xc0 != 0x80 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        default: false
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"):
            true
        default: isDigit(byte)
        }
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        isWordByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "%")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
