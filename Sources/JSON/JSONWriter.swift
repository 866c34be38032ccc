/// Writes one JSON value as bytes.
struct JSONWriter {
    private var bytes: [UInt8] = []
    private let escapesControlCharacters: Bool
    /// Whether lines are broken and indented by two spaces for each level.
    private let isIndented: Bool

    private init(escapesControlCharacters: Bool, isIndented: Bool) {
        self.escapesControlCharacters = escapesControlCharacters
        self.isIndented = isIndented
    }

    static func canonical(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escapesControlCharacters: false, isIndented: false)
        writer.write(value, depth: 0)
        return writer.bytes
    }

    static func compact(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escapesControlCharacters: true, isIndented: false)
        writer.write(value, depth: 0)
        return writer.bytes
    }

    static func pretty(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escapesControlCharacters: true, isIndented: true)
        writer.write(value, depth: 0)
        return writer.bytes
    }

    private mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let number): append(String(number))
        case .string(let text): write(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for index in elements.indices {
                begin(at: index, depth: depth + 1)
                write(elements[index], depth: depth + 1)
            }
            if !elements.isEmpty { breakLine(depth: depth) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for index in object.members.indices {
                begin(at: index, depth: depth + 1)
                write(object.members[index].key)
                bytes.append(UInt8(ascii: ":"))
                if isIndented { bytes.append(0x20) }
                write(object.members[index].value, depth: depth + 1)
            }
            if !object.isEmpty { breakLine(depth: depth) }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// What stands before the element at `index` of a list.
    private mutating func begin(at index: Int, depth: Int) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        breakLine(depth: depth)
    }

    private mutating func breakLine(depth: Int) {
        guard isIndented else { return }
        bytes.append(0x0a)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }

    private mutating func write(_ text: JSONString) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly every string goes as it is, in one piece.
        if text.isPlain {
            bytes.append(contentsOf: text.utf8)
        } else {
            for byte in text.utf8 { writeEscaping(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaping(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0..<0x20 where escapesControlCharacters: writeEscape(of: byte)
        default: bytes.append(byte)
        }
    }

    private mutating func writeEscape(of byte: UInt8) {
        switch byte {
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0a: append("\\n")
        case 0x0c: append("\\f")
        case 0x0d: append("\\r")
        default: append((byte < 16 ? "\\u000" : "\\u00") + String(byte, radix: 16))
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONString {
    /// Whether it is written as it is.
    fileprivate var isPlain: Bool {
        utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
    }
}
