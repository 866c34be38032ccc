import Model
import Testing
import Wire

/// Inventories in files, as people and other programs write them.
@Suite struct InventoryFileTests {
    private func read(
        _ text: String, _ format: InventoryFormat = .csv, pieces size: Int = 1
    ) throws -> [NumberedRow] {
        var reader = InventoryFileReader(format)
        var rows: [NumberedRow] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            rows += try reader.push(bytes[start..<min(start + size, bytes.count)])
        }
        return try rows + reader.finish()
    }

    private func row(
        _ id: String, _ hardware: String? = nil, _ attributes: [String: String] = [:]
    ) throws -> InventoryRow {
        InventoryRow(
            id: try #require(DeviceID(id)), hardware: hardware.flatMap { HardwareModel($0) },
            publicKey: nil, attributes: try Attributes(attributes))
    }

    @Test(arguments: [1, 3, 4096]) func readsQuotesAndLineBreaksInFields(size: Int) throws {
        let rows = try read(
            "id,hardware,attributes.note\r\ngw-1,gw-2,\"a, \"\"b\"\"\"\n\n\"gw-2\",,\r\ngw-3,gw-2,x",
            pieces: size)

        #expect(rows.map(\.line) == [2, 4, 5])
        let read = try rows.map { try $0.content.get() }
        #expect(
            read == [
                try row("gw-1", "gw-2", ["note": "a, \"b\""]), try row("gw-2"),
                try row("gw-3", "gw-2", ["note": "x"]),
            ])
    }

    @Test(arguments: [1, 3, 4096]) func readsObjectsInLinesAndInAnArray(size: Int) throws {
        let first = #"{"id":"gw-1","attributes":{"note":"}{\"[\\"}}"#
        let second = #"{"id":"gw-2"}"#
        let expected = [try row("gw-1", nil, ["note": #"}{"[\"#]), try row("gw-2")]

        for text in [
            "\(first)\n\(second)\n", "[\n\(first),\n\(second)\n]\n", "[\(first) , \(second)]",
        ] {
            let rows = try read(text, .json, pieces: size)
            let read = try rows.map { try $0.content.get() }
            #expect(read == expected, "\(text)")
        }
        #expect(try read("[]", .json).isEmpty)
    }

    /// A row that is wrong says so on its line, and the others are read.
    @Test(arguments: [
        "gw 1,", "gw-1,gw 2", ",gw-2", "gw-1", "gw-1,gw-2,x",
    ])
    func tellsOfARowThatIsNoDevice(text: String) throws {
        let rows = try read("id,hardware\n\(text)\ngw-9,gw-2\n")

        #expect(rows.map(\.line) == [2, 3])
        #expect(throws: NumberedRow.Problem.self) { try rows[0].content.get() }
        #expect(try rows[1].content.get().id.text == "gw-9")
    }

    struct Broken: CustomTestStringConvertible {
        let text: String
        let format: InventoryFormat
        let error: InventoryFileError
        var testDescription: String { "\(error)" }

        init(_ text: String, _ error: InventoryFileError, _ format: InventoryFormat = .csv) {
            self.text = text
            self.format = format
            self.error = error
        }
    }

    static let broken: [Broken] = [
        Broken("", .header("the file is empty")),
        Broken("hardware\n", .header("there is no column id")),
        Broken("id,id\n", .header("two columns have the same name")),
        Broken(
            "id,colour\n",
            .header(
                "\"colour\" is no column; there are id, hardware, public_key and attributes.NAME")),
        Broken("id\n\"gw-1", .openQuote(line: 2)),
        Broken("id\ngw\"1\n", .strayQuote(line: 2)),
        Broken("id\n\"gw\"1\n", .strayQuote(line: 2)),
        Broken("id\ngw\rx\n", .strayCarriageReturn(line: 2)),
        Broken(
            "id\n" + String(repeating: "x", count: 131_073), .tooLong(line: 2, limitBytes: 131_072)),
        Broken("{\"id\":\"gw-1\"", .cutOff(line: 1), .json),
        Broken("[{\"id\":\"gw-1\"}", .cutOff(line: 1), .json),
        Broken("[{\"id\":\"gw-1\"} {\"id\":\"gw-2\"}]", .notObjects(line: 1), .json),
        Broken("[{\"id\":\"gw-1\"},]", .notObjects(line: 1), .json),
        Broken("\n17", .notObjects(line: 2), .json),
        Broken("[] {}", .notObjects(line: 1), .json),
    ]

    @Test(arguments: broken) func refusesAFileThatCannotBeTold(row: Broken) throws {
        #expect(throws: row.error) { try read(row.text, row.format) }
    }

    @Test func refusesBytesThatAreNoText() throws {
        var reader = InventoryFileReader(.csv)
        #expect(throws: InventoryFileError.notUTF8(line: 2)) {
            try reader.push(Array("id\n".utf8) + [0xFF, 0x0A])
        }
    }

    @Test(arguments: InventoryFormat.allCases)
    func readsAgainWhatWasWritten(format: InventoryFormat) throws {
        let entries = [
            InventoryEntry(
                row: try row("gw-1", "gw-2", ["note": "a,\"b\""]), lifecycle: .active,
                reported: try Attributes(["carrier": "x"]),
                release: ReleaseID("acme 1.0.0"), lastSeen: Instant(secondsSinceEpoch: 5)),
            InventoryEntry(row: try row("gw-2"), lifecycle: .planned),
        ]
        var writer = InventoryFileWriter(format, set: ["note"], reported: ["carrier"])
        let text = writer.head + entries.map { writer.text(of: $0) }.joined() + writer.tail

        let rows = try read(text, format, pieces: 7)
        let read = try rows.map { try $0.content.get() }
        #expect(read == entries.map(\.row))
    }

    @Test(arguments: ["=", "+", "-", "@"])
    func aDeviceWritesNoFormulaIntoASpreadsheet(first: String) throws {
        let entry = InventoryEntry(
            row: try row("gw-1"), lifecycle: .active,
            reported: try Attributes(["note": "\(first)HYPERLINK(1)"]))
        var writer = InventoryFileWriter(.csv, set: [], reported: ["note"])
        #expect(writer.text(of: entry) == "gw-1,active,,,,,,'\(first)HYPERLINK(1)\r\n")
    }
}
