public import Model

/// A fleet as a table: `id,hardware,release` and a column for each attribute.
///
/// It is CSV as RFC 4180 has it, with quotes where a value has a comma. An empty cell is nothing:
/// no such attribute, or a release that is unknown.
public enum FleetTable {
    /// The longest table, in bytes.
    public static let maximumByteCount = 1 << 30

    /// Reads a table whose devices are all active.
    ///
    /// - Throws: ``FleetTableError`` at the first line that is no device.
    public static func read(_ text: String) throws(FleetTableError) -> SimulatedFleet {
        var columns: [String] = []
        var devices: [DeviceFacts] = []
        var known: Set<DeviceID> = []
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard !bytes.isEmpty else { continue }
            guard let cells = cells(of: bytes) else { throw .quotes(line: index + 1) }
            guard !columns.isEmpty else {
                columns = try header(cells, line: index + 1)
                continue
            }
            guard cells.count == columns.count else {
                throw .cellCount(line: index + 1, found: cells.count, expected: columns.count)
            }
            let device = try device(cells, columns, line: index + 1)
            guard known.insert(device.id).inserted else { throw .sameDeviceTwice(device.id) }
            guard devices.count < SimulatedFleet.maximumCount else { throw .tooManyDevices }
            devices.append(device)
        }
        guard !columns.isEmpty else { throw .header(line: 1) }
        return SimulatedFleet(devices)
    }

    private static func header(
        _ cells: [String], line: Int
    ) throws(FleetTableError) -> [String] {
        guard Array(cells.prefix(3)) == ["id", "hardware", "release"],
            Set(cells).count == cells.count, cells.dropFirst(3).allSatisfy(Attributes.isName)
        else { throw .header(line: line) }
        return cells
    }

    private static func device(
        _ cells: [String], _ columns: [String], line: Int
    ) throws(FleetTableError) -> DeviceFacts {
        func problem(_ column: Int) -> FleetTableError {
            .cell(line: line, column: columns[column], found: cells[column])
        }
        guard let id = DeviceID(cells[0]) else { throw problem(0) }
        guard let hardware = HardwareModel(cells[1]) else { throw problem(1) }
        let release = ReleaseID(cells[2])
        guard release != nil || cells[2].isEmpty else { throw problem(2) }
        var values: [String: String] = [:]
        for column in columns.indices.dropFirst(3) where !cells[column].isEmpty {
            guard (try? Attributes([columns[column]: cells[column]])) != nil else {
                throw problem(column)
            }
            values[columns[column]] = cells[column]
        }
        guard let attributes = try? Attributes(values) else { throw .header(line: 1) }
        return DeviceFacts(
            id: id, hardware: hardware, release: release, image: nil, attributes: attributes,
            lastSeen: Instant(secondsSinceEpoch: 0))
    }

    /// `nil` when quotes are open at the end, or stand inside a value.
    private static func cells(of line: Substring.UTF8View) -> [String]? {
        let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
        var cells: [String] = []
        var rest = line
        while true {
            var cell: [UInt8] = []
            if rest.first == quote {
                rest = rest.dropFirst()
                while true {
                    guard let end = rest.firstIndex(of: quote) else { return nil }
                    cell += rest[..<end]
                    rest = rest[end...].dropFirst()
                    guard rest.first == quote else { break }
                    cell.append(quote)
                    rest = rest.dropFirst()
                }
            } else {
                cell += rest.prefix { $0 != comma }
                rest = rest.drop { $0 != comma }
                guard !cell.contains(quote) else { return nil }
            }
            cells.append(String(decoding: cell, as: UTF8.self))
            guard let next = rest.first else { return cells }
            guard next == comma else { return nil }
            rest = rest.dropFirst()
        }
    }
}

/// Why a text is no table of a fleet; lines count from 1.
public enum FleetTableError: Error, Hashable, Sendable {
    /// Not `id,hardware,release` and then attributes, each once.
    case header(line: Int)
    case quotes(line: Int)
    case cellCount(line: Int, found: Int, expected: Int)
    case cell(line: Int, column: String, found: String)
    case sameDeviceTwice(DeviceID)
    case tooManyDevices
}

extension FleetTableError: CustomStringConvertible {
    /// One clause for an operator.
    public var description: String {
        switch self {
        case .header(let line):
            "line \(line): expected id,hardware,release and the names of attributes, each once"
        case .quotes(let line): "line \(line): quotes do not match"
        case .cellCount(let line, let found, let expected):
            "line \(line): \(found) cells, the header has \(expected)"
        case .cell(let line, let column, let found):
            "line \(line): \(Quotation.of(found)) cannot be a device's \(column)"
        case .sameDeviceTwice(let device): "device \(device) is there twice"
        case .tooManyDevices: "more than \(SimulatedFleet.maximumCount) devices"
        }
    }
}
