/// Cuts comma-separated values into records as their bytes arrive (RFC 4180).
///
/// Stricter than the RFC where leniency would guess: a quote stands only around a whole field.
/// Lines end in LF or CRLF. Empty lines are passed over. Memory is bounded by the longest record.
struct CSVRecords {
    /// One record, and the line on which it began; the first line is 1.
    struct Record: Hashable {
        var line: Int
        var fields: [String]
    }

    private enum Place { case fieldStart, plain, quoted, quoteInQuoted, afterCarriageReturn }

    private let limitBytes: Int
    private var place = Place.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var line = 1
    private var recordLine = 1
    private var byteCount = 0

    /// - Parameter limitBytes: The longest record.
    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// - Throws: ``InventoryFileError`` when the rest cannot be told apart any more.
    mutating func push(
        _ bytes: some Sequence<UInt8>, _ take: (Record) -> Void
    ) throws(InventoryFileError) {
        for byte in bytes {
            byteCount += 1
            guard byteCount <= limitBytes else {
                throw .tooLong(line: recordLine, limitBytes: limitBytes)
            }
            try push(byte, take)
        }
    }

    /// Takes the last record, which need not end in a line break.
    mutating func finish(_ take: (Record) -> Void) throws(InventoryFileError) {
        switch place {
        case .quoted: throw .openQuote(line: recordLine)
        case .afterCarriageReturn: throw .strayCarriageReturn(line: line)
        case .fieldStart, .plain, .quoteInQuoted: try endRecord(take)
        }
    }

    private mutating func push(
        _ byte: UInt8, _ take: (Record) -> Void
    ) throws(InventoryFileError) {
        switch (place, byte) {
        case (.quoted, UInt8(ascii: "\"")): place = .quoteInQuoted
        case (.quoted, _):
            if byte == UInt8(ascii: "\n") { line += 1 }
            field.append(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            field.append(byte)
            place = .quoted
        case (.afterCarriageReturn, UInt8(ascii: "\n")),
            (.fieldStart, UInt8(ascii: "\n")), (.plain, UInt8(ascii: "\n")),
            (.quoteInQuoted, UInt8(ascii: "\n")):
            try endRecord(take)
        case (.afterCarriageReturn, _): throw .strayCarriageReturn(line: line)
        case (.fieldStart, UInt8(ascii: ",")), (.plain, UInt8(ascii: ",")),
            (.quoteInQuoted, UInt8(ascii: ",")):
            try endField()
        case (.fieldStart, UInt8(ascii: "\r")), (.plain, UInt8(ascii: "\r")),
            (.quoteInQuoted, UInt8(ascii: "\r")):
            place = .afterCarriageReturn
        case (.fieldStart, UInt8(ascii: "\"")): place = .quoted
        case (.plain, UInt8(ascii: "\"")), (.quoteInQuoted, _): throw .strayQuote(line: line)
        case (.fieldStart, _), (.plain, _):
            field.append(byte)
            place = .plain
        }
    }

    private mutating func endField() throws(InventoryFileError) {
        guard let text = String(validating: field, as: UTF8.self) else {
            throw .notUTF8(line: recordLine)
        }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        place = .fieldStart
    }

    private mutating func endRecord(_ take: (Record) -> Void) throws(InventoryFileError) {
        try endField()
        if fields != [""] { take(Record(line: recordLine, fields: fields)) }
        fields.removeAll(keepingCapacity: true)
        line += 1
        recordLine = line
        byteCount = 0
    }

    /// One record as it is written, with its line break.
    static func line(_ fields: [String]) -> String {
        fields.map { field in
            let isPlain = field.utf8.allSatisfy {
                $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\n")
                    && $0 != UInt8(ascii: "\r")
            }
            guard !isPlain else { return field }
            return "\""
                + field.split(separator: "\"", omittingEmptySubsequences: false)
                .joined(separator: "\"\"") + "\""
        }.joined(separator: ",") + "\r\n"
    }
}
