import Foundation
internal import JSON

/// Files of JSON that people carry around.
enum TextFile {
    /// Writes the value for people to read; an existing file is replaced.
    static func write(_ value: JSONValue, to path: String) throws(SlipwayError) {
        do {
            try Data("\(value.prettyText)\n".utf8)
                .write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw .cannotCreate(path: path, problem: error.localizedDescription)
        }
    }

    /// Reads an object whose `_type` is `type`.
    static func read<Content>(
        _ path: String, type: String, limitBytes: Int, as content: (JSONFields) throws -> Content
    ) throws(SlipwayError) -> Content {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        do {
            let fields = try JSONFields(
                JSONValue(parsing: Array(data), limits: .standard(bytes: limitBytes)))
            guard try fields.string("_type") == type else {
                throw fields.refused("_type", "\"\(type)\"")
            }
            return try content(fields)
        } catch { throw .badInput(path: path, problem: "\(error)") }
    }
}
