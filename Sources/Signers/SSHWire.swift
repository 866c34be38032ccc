/// Reads the fields of an SSH message one by one (RFC 4251 section 5); every length is doubted.
struct SSHReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() throws(SSHAgentError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .endsTooEarly }
        return byte
    }

    mutating func number() throws(SSHAgentError) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string() throws(SSHAgentError) -> [UInt8] {
        try take(Int(try number()))
    }

    /// A number that is not negative, big-endian, without the zero that says so.
    mutating func positiveNumber() throws(SSHAgentError) -> [UInt8] {
        let bytes = try string()
        guard let first = bytes.first, first < 0x80 else {
            throw .badAnswer(problem: "a number that is not positive")
        }
        return Array(bytes.drop { $0 == 0 })
    }

    /// - Throws: ``SSHAgentError/badAnswer(problem:)`` when something is left.
    func end() throws(SSHAgentError) {
        guard isAtEnd else { throw .badAnswer(problem: "something follows its end") }
    }

    private mutating func take(_ count: Int) throws(SSHAgentError) -> [UInt8] {
        guard count <= rest.count else { throw .endsTooEarly }
        let taken = Array(rest.prefix(count))
        rest.removeFirst(count)
        return taken
    }
}

extension SSHAgentError {
    static let endsTooEarly = SSHAgentError.badAnswer(problem: "it ends too early")
}

/// Writes the fields of an SSH message (RFC 4251 section 5).
enum SSHWire {
    static func number(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] {
        guard let count = UInt32(exactly: bytes.count) else {
            preconditionFailure("a string of SSH has less than 4 GiB")
        }
        return number(count) + bytes
    }

    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }
}
