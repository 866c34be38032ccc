import Foundation
internal import JSON
internal import Wire

/// Prints one line at once, into a pipe too, where `print` would keep it back.
func say(_ text: String, terminator: String = "\n") {
    FileHandle.standardOutput.write(Data("\(text)\(terminator)".utf8))
}

/// What commands print.
enum Output {
    static func json(_ message: some WireMessage) { json(message.json) }

    static func json(_ object: JSONObject) { say(JSONValue.object(object).prettyText) }

    /// Columns as wide as their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            say(cells.joined(separator: "  ").trimmingTrailingSpaces())
        }
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}
