/// Reads one JSON document from bytes, forwards, once.
///
/// Whatever the bytes are, reading ends with a value or an error, never with a trap: every index
/// is compared with the count before it is used, and arithmetic reports its overflow.
struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0
    private var valueCount = 0
    /// Whether what was read of the current member is its own canonical form.
    private var isCanonical = true
    /// Where the outermost object has values in their canonical form, by name.
    private var canonical: [JSONString: Range<Int>] = [:]
    /// How many members the last object at each depth had, at most 16: its neighbours are alike.
    private var usualCounts = Array(repeating: 0, count: JSONLimits.maximumDepth + 1)

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func readDocument() throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw JSONSyntaxError(
                offset: limits.bytes, problem: .tooLong(limitBytes: limits.bytes))
        }
        let value = try readValue(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    private mutating func readValue(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        let byte = try nextVisibleByte()
        guard valueCount < limits.values else { throw failure(.tooManyValues) }
        valueCount += 1
        switch byte {
        case UInt8(ascii: "{"): return .object(try readObject(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try readArray(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .integer(try readInteger())
        case UInt8(ascii: "t"): return try readWord("true", meaning: .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", meaning: .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", meaning: .null)
        default: throw failure(.unexpectedByte)
        }
    }

    private mutating func readObject(depth: Int) throws(JSONSyntaxError) -> JSONObject {
        guard depth <= limits.depth else { throw failure(.tooDeep) }
        index += 1
        var members: [JSONObject.Member] = []
        if try nextVisibleByte() == UInt8(ascii: "}") {
            index += 1
            return JSONObject([])
        }
        members.reserveCapacity(usualCounts[depth])
        defer { usualCounts[depth] = min(members.count, 16) }
        repeat {
            guard try nextVisibleByte() == UInt8(ascii: "\"") else {
                throw failure(.unexpectedByte)
            }
            let key = try readString()
            guard try nextVisibleByte() == UInt8(ascii: ":") else {
                throw failure(.unexpectedByte)
            }
            index += 1
            let value = try depth == 1 ? readOutermost(key) : readValue(depth: depth)
            members.append(JSONObject.Member(key: key, value: value))
        } while try readSeparator(closing: UInt8(ascii: "}"))
        if let object = JSONObject(ordered: members) { return object }
        isCanonical = false
        switch JSONObject.sorting(members) {
        case .success(let object): return object
        case .failure(let duplicate): throw failure(.duplicateMember(duplicate.key))
        }
    }

    /// Reads the value of a member of the outermost object.
    private mutating func readOutermost(_ key: JSONString) throws(JSONSyntaxError) -> JSONValue {
        _ = try nextVisibleByte()
        let start = index
        isCanonical = true
        let value = try readValue(depth: 1)
        if isCanonical { canonical[key] = start..<index }
        return value
    }

    /// The canonical form of a member of the outermost object, where it was read in just that form.
    func canonicalBytes(of key: JSONString) -> [UInt8]? { canonical[key].map { Array(bytes[$0]) } }

    private mutating func readArray(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
        guard depth <= limits.depth else { throw failure(.tooDeep) }
        index += 1
        if try nextVisibleByte() == UInt8(ascii: "]") {
            index += 1
            return []
        }
        var elements: [JSONValue] = []
        repeat {
            elements.append(try readValue(depth: depth))
        } while try readSeparator(closing: UInt8(ascii: "]"))
        return elements
    }

    /// Reads a comma (`true`: more follows) or the closing byte (`false`).
    private mutating func readSeparator(closing: UInt8) throws(JSONSyntaxError) -> Bool {
        let byte = try nextVisibleByte()
        guard byte == UInt8(ascii: ",") || byte == closing else { throw failure(.unexpectedByte) }
        index += 1
        return byte != closing
    }

    private mutating func readWord(
        _ word: StaticString, meaning value: JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        for expected in word.description.utf8 {
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[index] == expected else { throw failure(.unexpectedByte) }
            index += 1
        }
        return value
    }

    private mutating func readInteger() throws(JSONSyntaxError) -> Int64 {
        let start = index
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard let first = digit() else {
            throw failure(index < bytes.count ? .unexpectedByte : .unexpectedEnd)
        }
        index += 1
        // The negative side of Int64 reaches further, so the number grows on that side.
        var negated = -first
        while let digit = digit() {
            // No leading zeros (RFC 8259 section 6).
            guard first != 0 else { throw failure(.unexpectedByte) }
            let (product, tooLarge) = negated.multipliedReportingOverflow(by: 10)
            let (sum, isOver) = product.subtractingReportingOverflow(digit)
            guard !tooLarge, !isOver else { throw failure(.integerOutOfRange, at: start) }
            negated = sum
            index += 1
        }
        if index < bytes.count,
            bytes[index] == UInt8(ascii: ".") || bytes[index] | 0x20 == UInt8(ascii: "e")
        {
            throw failure(.notAnInteger, at: start)
        }
        if isNegative {
            // There is no negative zero in the canonical form.
            if negated == 0 { isCanonical = false }
            return negated
        }
        guard negated != .min else { throw failure(.integerOutOfRange, at: start) }
        return -negated
    }

    private func digit() -> Int64? {
        guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
        return Int64(bytes[index] - 0x30)
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d:
                isCanonical = false
                index += 1
            default: return
            }
        }
    }

    /// Skips white space and returns the byte after it, which stays unread.
    private mutating func nextVisibleByte() throws(JSONSyntaxError) -> UInt8 {
        // Mostly there is nothing to skip.
        if index < bytes.count, bytes[index] > 0x20 { return bytes[index] }
        skipSpace()
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        return bytes[index]
    }

    private func failure(
        _ problem: JSONSyntaxError.Problem, at offset: Int? = nil
    ) -> JSONSyntaxError {
        JSONSyntaxError(offset: offset ?? index, problem: problem)
    }
}

// MARK: - Strings

extension JSONReader {
    /// Reads from the opening quote, at which the index stands, to the closing one.
    private mutating func readString() throws(JSONSyntaxError) -> JSONString {
        index += 1
        var text: [UInt8] = []
        var runStart = index
        while true {
            index = endOfRun(from: index)
            guard index < bytes.count else { break }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let run = runStart..<index
                index += 1
                // Nearly every string is one run, which needs no bytes of its own.
                return text.isEmpty
                    ? JSONString(checked: bytes, run) : JSONString(checked: text + bytes[run])
            case UInt8(ascii: "\\"):
                // Some escapes are canonical, too; whoever uses any is not believed to know.
                isCanonical = false
                text.append(contentsOf: bytes[runStart..<index])
                try readEscape(into: &text)
                runStart = index
            case 0..<0x20: throw failure(.controlCharacter)
            default: index += try lengthOfSequence(startingWith: byte)
            }
        }
        throw failure(.unexpectedEnd)
    }

    /// The first index from `start` on at which a string does not simply go on in ASCII.
    private func endOfRun(from start: Int) -> Int {
        let bytes = bytes.span
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            else { break }
            end += 1
        }
        return end
    }

    /// The length of the multi-byte sequence at the index (RFC 3629 section 4).
    private func lengthOfSequence(startingWith lead: UInt8) throws(JSONSyntaxError) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xc2...0xdf: (2, 0x80...0xbf)
            case 0xe0: (3, 0xa0...0xbf)
            case 0xed: (3, 0x80...0x9f)
            case 0xe1...0xef: (3, 0x80...0xbf)
            case 0xf0: (4, 0x90...0xbf)
            case 0xf1...0xf3: (4, 0x80...0xbf)
            case 0xf4: (4, 0x80...0x8f)
            default: throw failure(.invalidUTF8)
            }
        guard bytes.count - index >= length, second.contains(bytes[index + 1]),
            bytes[(index + 2)..<(index + length)].allSatisfy({ (0x80...0xbf).contains($0) })
        else { throw failure(.invalidUTF8) }
        return length
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        let start = index
        guard bytes.count - index >= 2 else { throw failure(.unexpectedEnd) }
        let escaped = bytes[index + 1]
        index += 2
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escaped)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: try readScalar(escapedAt: start).utf8)
        default: throw failure(.invalidEscape, at: start)
        }
    }

    /// Reads the digits after `\u`, and a whole second escape when they are half of a pair.
    private mutating func readScalar(
        escapedAt start: Int
    ) throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try readFourHexDigits(escapedAt: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xd800..<0xdc00).contains(first), bytes.count - index >= 2,
            bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        else { throw failure(.invalidEscape, at: start) }
        index += 2
        let second = try readFourHexDigits(escapedAt: start)
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw failure(.invalidEscape, at: start) }
        return scalar
    }

    private mutating func readFourHexDigits(escapedAt start: Int) throws(JSONSyntaxError) -> UInt32
    {
        guard bytes.count - index >= 4 else { throw failure(.unexpectedEnd, at: bytes.count) }
        var number: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[index]
            switch byte {
            case 0x30...0x39: number = number << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: number = number << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: number = number << 4 | UInt32(byte - 0x61 + 10)
            default: throw failure(.invalidEscape, at: start)
            }
            index += 1
        }
        return number
    }
}
