internal import JSON
internal import Model

/// The files in which inventories come and go.
public enum InventoryFormat: String, Hashable, Sendable, CaseIterable {
    /// A header, then one device a line: `id`, `hardware`, `public_key`, and a column
    /// `attributes.NAME` for each attribute. Empty fields mean that nothing is known.
    case csv
    /// One ``InventoryRow`` after another, or one array of them.
    case json
}

/// A row of an inventory, or why it is none.
public struct NumberedRow: Hashable, Sendable {
    /// On which it began; the first line of the file is 1.
    public var line: Int
    public var content: Result<InventoryRow, Problem>

    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public init(line: Int, content: Result<InventoryRow, Problem>) {
        self.line = line
        self.content = content
    }
}

/// Why a file of an inventory cannot be read on; the rows before were read.
public enum InventoryFileError: Error, Hashable, Sendable, CustomStringConvertible {
    case header(String)
    case tooLong(line: Int, limitBytes: Int)
    case openQuote(line: Int)
    case strayQuote(line: Int)
    case strayCarriageReturn(line: Int)
    case notUTF8(line: Int)
    case notObjects(line: Int)
    case cutOff(line: Int)

    public var description: String {
        switch self {
        case .header(let problem): "line 1: \(problem)"
        case .tooLong(let line, let limitBytes):
            "line \(line): one device has more than \(limitBytes) bytes"
        case .openQuote(let line): "line \(line): a quote is opened and never closed"
        case .strayQuote(let line):
            "line \(line): a quote stands in the middle of a field; quote the whole field, and"
                + " write each quote in it twice"
        case .strayCarriageReturn(let line):
            "line \(line): a carriage return stands alone; lines end in LF or CRLF"
        case .notUTF8(let line): "line \(line): this is not UTF-8"
        case .notObjects(let line):
            "line \(line): expected JSON objects, one after another or in one array"
        case .cutOff(let line): "line \(line): the file ends in the middle"
        }
    }
}

/// Reads an inventory piece by piece, in bounded memory.
public struct InventoryFileReader {
    private var records: Records
    private var header: Header?

    /// The longest row, in bytes: 256 attributes of the greatest length fit.
    private static let rowLimitBytes = 131_072

    private enum Records {
        case csv(CSVRecords)
        case json(JSONRecords)
    }

    public init(_ format: InventoryFormat) {
        switch format {
        case .csv: records = .csv(CSVRecords(limitBytes: Self.rowLimitBytes))
        case .json: records = .json(JSONRecords(limitBytes: Self.rowLimitBytes))
        }
    }

    /// The rows that end in these bytes.
    public mutating func push(
        _ bytes: some Sequence<UInt8>
    ) throws(InventoryFileError) -> [NumberedRow] {
        switch records {
        case .csv(var reader):
            var found: [CSVRecords.Record] = []
            try reader.push(bytes) { found.append($0) }
            records = .csv(reader)
            return try rows(found)
        case .json(var reader):
            var rows: [NumberedRow] = []
            try reader.push(bytes) { rows.append(Self.row($0)) }
            records = .json(reader)
            return rows
        }
    }

    /// The row that needed no line break at its end, if there is one.
    public mutating func finish() throws(InventoryFileError) -> [NumberedRow] {
        switch records {
        case .csv(var reader):
            var found: [CSVRecords.Record] = []
            try reader.finish { found.append($0) }
            let rows = try rows(found)
            guard header != nil else { throw .header("the file is empty") }
            return rows
        case .json(var reader):
            try reader.finish()
            return []
        }
    }

    private static func row(_ record: JSONRecords.Record) -> NumberedRow {
        do {
            let row = try InventoryRow(parsing: record.bytes, limitBytes: rowLimitBytes)
            return NumberedRow(line: record.line, content: .success(row))
        } catch { return NumberedRow(line: record.line, problem: "\(error)") }
    }

    private mutating func rows(
        _ records: [CSVRecords.Record]
    ) throws(InventoryFileError) -> [NumberedRow] {
        var rows: [NumberedRow] = []
        for record in records {
            if let header {
                rows.append(header.row(record))
            } else {
                header = try Header(record.fields)
            }
        }
        return rows
    }
}

/// What the columns of a comma-separated inventory are.
private struct Header {
    private var columns: [Column] = []

    private enum Column: Hashable {
        case id
        case hardware
        case publicKey
        case attribute(String)
        /// What an export tells besides, and no import takes over.
        case ignored(String)
    }

    private static let ignored: Set<String> = ["lifecycle", "release", "last_seen", "asked_key"]

    init(_ names: [String]) throws(InventoryFileError) {
        for name in names { columns.append(try Self.column(name)) }
        guard Set(columns).count == columns.count else {
            throw .header("two columns have the same name")
        }
        guard columns.contains(.id) else { throw .header("there is no column id") }
    }

    private static func column(_ name: String) throws(InventoryFileError) -> Column {
        switch name {
        case "id": return .id
        case "hardware": return .hardware
        case "public_key": return .publicKey
        default:
            if ignored.contains(name) || name.hasPrefix("reported.") { return .ignored(name) }
            let prefix = "attributes."
            let attribute = String(name.dropFirst(prefix.count))
            guard name.hasPrefix(prefix), Attributes.isName(attribute) else {
                throw .header(
                    "\"\(name)\" is no column; there are id, hardware, public_key and"
                        + " attributes.NAME")
            }
            return .attribute(attribute)
        }
    }

    func row(_ record: CSVRecords.Record) -> NumberedRow {
        guard record.fields.count == columns.count else {
            return NumberedRow(
                line: record.line,
                problem: "\(record.fields.count) fields stand under \(columns.count) columns")
        }
        var members: [(String, JSONValue)] = []
        var attributes: [(String, JSONValue)] = []
        for (column, field) in zip(columns, record.fields) where !field.isEmpty {
            switch column {
            case .id: members.append(("id", .string(field)))
            case .hardware: members.append(("hardware", .string(field)))
            case .publicKey: members.append(("public_key", .string(field)))
            case .attribute(let name): attributes.append((name, .string(field)))
            case .ignored: continue
            }
        }
        members.append(("attributes", .object(JSONObject(attributes))))
        do {
            let row = try InventoryRow(JSONFields(.object(JSONObject(members))))
            return NumberedRow(line: record.line, content: .success(row))
        } catch { return NumberedRow(line: record.line, problem: "\(error)") }
    }
}

extension NumberedRow {
    fileprivate init(line: Int, problem: String) {
        self.init(line: line, content: .failure(Problem(description: problem)))
    }
}

/// Writes an inventory piece by piece; ``InventoryFileReader`` reads it again.
public struct InventoryFileWriter {
    private let format: InventoryFormat
    private let set: [String]
    private let reported: [String]
    private var isFirst = true

    /// - Parameters:
    ///   - set: The names of all attributes that operators set; comma-separated values have a column
    ///     for each.
    ///   - reported: The same of those that devices report.
    public init(_ format: InventoryFormat, set: Set<String>, reported: Set<String>) {
        self.format = format
        self.set = set.sorted()
        self.reported = reported.sorted()
    }

    /// What stands before the first entry.
    public var head: String {
        switch format {
        case .json: "["
        case .csv:
            CSVRecords.line(
                ["id", "lifecycle", "hardware", "public_key", "release", "last_seen", "asked_key"]
                    + set.map { "attributes.\($0)" } + reported.map { "reported.\($0)" })
        }
    }

    public mutating func text(of entry: InventoryEntry) -> String {
        switch format {
        case .json:
            defer { isFirst = false }
            return (isFirst ? "\n" : ",\n") + String(decoding: entry.bytes, as: UTF8.self)
        case .csv:
            return CSVRecords.line(
                [
                    entry.row.id.text, entry.lifecycle.rawValue, entry.row.hardware?.text ?? "",
                    entry.row.publicKey?.hex ?? "", entry.release.map { "\($0)" } ?? "",
                    entry.lastSeen.map { "\($0)" } ?? "", entry.askedKey?.hex ?? "",
                ] + set.map { entry.row.attributes[$0] ?? "" }
                    + reported.map { Self.unformulaic(entry.reported[$0] ?? "") })
        }
    }

    /// The text with a quote before what a spreadsheet would take for a formula: devices say what
    /// they like, and no import reads it again.
    private static func unformulaic(_ text: String) -> String {
        guard let first = text.utf8.first, "=+-@".utf8.contains(first) else { return text }
        return "'\(text)"
    }

    /// What stands after the last entry.
    public var tail: String {
        switch format {
        case .json: "\n]\n"
        case .csv: ""
        }
    }
}
