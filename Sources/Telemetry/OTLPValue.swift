/// JSON as OTLP writes it: 64-bit numbers are strings, and there are fractions.
enum OTLPValue {
    case text(String)
    /// Of at most 32 bits.
    case small(Int)
    case long(UInt64)
    case real(Double)
    case flag(Bool)
    case list([OTLPValue])
    case members([(String, OTLPValue)])

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .text(let text): Self.write(text, to: &bytes)
        case .small(let number): bytes += Array("\(number)".utf8)
        case .long(let number): bytes += Array("\"\(number)\"".utf8)
        case .real(let number): bytes += Array(Self.real(number).utf8)
        case .flag(let flag): bytes += Array("\(flag)".utf8)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (place, value) in values.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .members(let members):
            bytes.append(UInt8(ascii: "{"))
            for (place, (name, value)) in members.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// What is no number is a word in the JSON of protocol buffers.
    private static func real(_ number: Double) -> String {
        if number.isNaN { return "\"NaN\"" }
        if number.isInfinite { return number < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
        return Exposition.number(number)
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += Array("\\u\(HexDigits.of(UInt64(byte)).suffix(4))".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
