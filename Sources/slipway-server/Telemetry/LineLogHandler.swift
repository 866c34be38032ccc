import Foundation
internal import JSON
internal import Logging
internal import Model
internal import Server

/// Writes each thing that is logged as one line on standard error.
///
/// Devices and callers have a say in what is logged, so nothing of it ends a line or reaches a
/// terminal as a control character.
struct LineLogHandler: LogHandler {
    let label: String
    let format: ServerSettings.LogFormat
    /// Told of each line's level.
    let count: @Sendable (Logger.Level) -> Void
    let unixNanoseconds: @Sendable () -> UInt64
    let write: @Sendable ([UInt8]) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    /// In bytes, of each value; what is longer is cut.
    static let maximumValueLength = 4096
    /// What Hummingbird calls a request, when we have a name for it.
    private static let foreignID = "hb.request.id"

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        count(event.level)
        var fields = metadata.merging(event.metadata ?? [:]) { $1 }
        if fields["request_id"] != nil { fields[Self.foreignID] = nil }
        if let error = event.error { fields["error"] = "\(error)" }
        let texts = fields.mapValues { Self.cut("\($0)") }
        let message = Self.cut("\(event.message)")
        let line =
            switch format {
            case .text: text(event.level, message, texts)
            case .json: json(event.level, message, texts)
            }
        write(line + [UInt8(ascii: "\n")])
    }

    /// RFC 3339 in UTC, to the millisecond.
    private var time: String {
        let nanoseconds = unixNanoseconds()
        let second = Instant(secondsSinceEpoch: Int64(nanoseconds / 1_000_000_000))
        let milliseconds = "\(1000 + nanoseconds / 1_000_000 % 1000)".dropFirst()
        return "\("\(second)".dropLast()).\(milliseconds)Z"
    }

    private func text(
        _ level: Logger.Level, _ message: String, _ fields: [String: String]
    ) -> [UInt8] {
        var line = "\(time) \(level) \(label): \(Self.escaped(message))"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(Self.word(name))=\(Self.word(value))"
        }
        return Array(line.utf8)
    }

    /// Fields that are called like one of ours get an underscore.
    private func json(
        _ level: Logger.Level, _ message: String, _ fields: [String: String]
    ) -> [UInt8] {
        let ours: [(String, JSONValue)] = [
            ("time", .string(time)), ("level", .string("\(level)")), ("logger", .string(label)),
            ("message", .string(message)),
        ]
        let taken = Set(ours.map(\.0))
        let theirs = Dictionary(
            fields.map { (taken.contains($0.key) ? "\($0.key)_" : $0.key, $0.value) },
            uniquingKeysWith: { first, _ in first })
        return JSONValue.object(
            JSONObject(ours + theirs.map { ($0.key, .string($0.value)) })
        ).compactBytes
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumValueLength else { return text }
        return String(decoding: text.utf8.prefix(maximumValueLength), as: UTF8.self) + "..."
    }

    /// As it is when a reader can see where it ends, else in quotes.
    private static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" }
        return isPlain ? escaped(text) : "\"\(escaped(text, quotes: true))\""
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"" where quotes: escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case _
            where scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .format
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator:
                escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
