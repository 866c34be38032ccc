internal import JSON
internal import Model

/// What can be asked over the control socket: one JSON object on a line.
enum ControlRequest: Hashable, Sendable {
    case status
    /// The status, and from then on a line for each change of phase.
    case watch
    case checkNow
    case install(path: String)
    case rollBack
    case deferRestart(Deferral)
    case confirm
    case logs(lines: Int)

    enum Deferral: Hashable, Sendable {
        case until(Instant)
        /// From the moment at which the agent takes it; 0 puts off no longer.
        case seconds(Int64)
    }

    /// The longest deferral, in seconds: a year.
    static let maximumDeferralSeconds: Int64 = 31_536_000
    /// The most lines of a log: more than are kept.
    static let maximumLines: Int64 = 65_536

    /// - Throws: ``JSONSyntaxError`` or ``JSONShapeError``.
    init(parsing line: [UInt8]) throws {
        let limits = JSONLimits(bytes: 16_384, depth: 4, values: 16)
        let fields = try JSONFields(JSONValue(parsing: line, limits: limits))
        let word = try fields.string("do")
        var members: Set = ["do"]
        switch word {
        case "status": self = .status
        case "watch": self = .watch
        case "check-now": self = .checkNow
        case "install":
            members.insert("path")
            self = .install(path: try fields.string("path"))
        case "rollback": self = .rollBack
        case "defer":
            members.formUnion(["until", "seconds"])
            self = .deferRestart(try Self.deferral(fields))
        case "confirm": self = .confirm
        case "logs":
            members.insert("lines")
            let lines = try fields.optionalInteger("lines", in: 1...Self.maximumLines)
            self = .logs(lines: Int(lines ?? Self.maximumLines))
        default:
            throw fields.refused(
                "do", "status, watch, check-now, install, rollback, defer, confirm or logs")
        }
        try fields.refuseMembers(otherThan: members)
    }

    private static func deferral(_ fields: JSONFields) throws(JSONShapeError) -> Deferral {
        guard let text = try fields.optionalString("until") else {
            return .seconds(try fields.integer("seconds", in: 0...maximumDeferralSeconds))
        }
        guard let moment = Instant(text), fields.optionalValue("seconds") == nil else {
            throw fields.refused("until", "a time such as 2026-01-31T12:00:00Z, or seconds instead")
        }
        return .until(moment)
    }

    var line: [UInt8] {
        let members: [(String, JSONValue)] =
            switch self {
            case .status: [("do", "status")]
            case .watch: [("do", "watch")]
            case .checkNow: [("do", "check-now")]
            case .install(let path): [("do", "install"), ("path", .string(path))]
            case .rollBack: [("do", "rollback")]
            case .deferRestart(.until(let moment)):
                [("do", "defer"), ("until", .string("\(moment)"))]
            case .deferRestart(.seconds(let seconds)):
                [("do", "defer"), ("seconds", .integer(seconds))]
            case .confirm: [("do", "confirm")]
            case .logs(let lines): [("do", "logs"), ("lines", .integer(Int64(lines)))]
            }
        return JSONValue.object(JSONObject(members)).compactBytes
    }
}

/// What is answered over the control socket.
enum ControlAnswer {
    /// Why it was not done, for programs.
    enum Code: String {
        case badRequest = "bad-request"
        case notPermitted = "not-permitted"
        case refused
    }

    static func done(_ sentence: String) -> [UInt8] {
        line(["ok": true, "say": .string(sentence)])
    }

    static func no(_ code: Code, _ sentence: String) -> [UInt8] {
        line([
            "ok": false, "code": .string(code.rawValue), "error": .string(DetailText.of(sentence)),
        ])
    }

    static func logs(_ lines: [String]) -> [UInt8] {
        line(["ok": true, "lines": .array(lines.map { .string($0) })])
    }

    static func line(_ object: JSONObject) -> [UInt8] { JSONValue.object(object).compactBytes }
}
