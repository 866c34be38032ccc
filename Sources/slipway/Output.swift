import Foundation
internal import JSON
internal import Wire

/// Prints one line at once, into a pipe too, where `print` would keep it back.
func say(_ text: String, terminator: String = "\n") {
    FileHandle.standardOutput.write(Data("\(text)\(terminator)".utf8))
}

/// Tells what is wrong on standard error.
func complain(_ error: any Error) {
    FileHandle.standardError.write(Data("slipway: \("\(error)".visible)\n".utf8))
}

extension String {
    /// The text with `?` for every control character, so that a server's words move no cursor.
    var visible: String {
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            shown.append(isControl ? "?" : scalar)
        }
        return String(shown)
    }
}

/// What commands print.
enum Output {
    static func json(_ message: some WireMessage) { json(message.json) }

    static func json(_ object: JSONObject) { say(JSONValue.object(object).prettyText) }

    /// Columns as wide as their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) {
        let all = [header] + rows.map { $0.map(\.visible) }
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all { say(line(row, widths)) }
    }

    /// One row of a table whose columns are at least as wide as its cells.
    static func line(_ row: [String], _ widths: [Int]) -> String {
        let cells = zip(row, widths).map { cell, width in
            cell + String(repeating: " ", count: width - cell.count)
        }
        return cells.joined(separator: "  ").trimmingTrailingSpaces()
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}
