internal import JSON

/// What the person who runs a server decides, from file, environment and flags.
///
/// Each later source wins over the earlier ones. What none names keeps its default.
public struct ServerSettings: Hashable, Sendable {
    public var data: String?
    public var repository: String?
    public var onlineKeys: String?
    public var host = "127.0.0.1"
    public var port = 8480
    public var checkInSeconds = 300
    /// After how many failures in a row a device gets no more offers.
    public var quarantineAfter = 5
    /// Whether devices without a token that nobody planned may wait for an operator's word.
    public var manualApproval = false
    public var stepMilliseconds = 500
    public var logLevel = "info"
    /// The address of the Prometheus server that gates may ask.
    public var prometheus: String?
    /// Addresses, separated by commas, at or below which gates may call web hooks.
    public var webhooks: String?
    /// The folder of programs that gates may run.
    public var gateCommands: String?

    public init() {}

    /// The keys of the file; the environment has the same in capitals after `SLIPWAY_`.
    public enum Key: String, Hashable, Sendable, CaseIterable {
        case data
        case repository
        case onlineKeys = "online_keys"
        case host
        case port
        case checkInSeconds = "check_in_seconds"
        case quarantineAfter = "quarantine_after"
        case manualApproval = "manual_approval"
        case stepMilliseconds = "step_milliseconds"
        case logLevel = "log_level"
        case prometheus
        case webhooks
        case gateCommands = "gate_commands"

        public var variable: String { "SLIPWAY_\(rawValue.uppercased())" }
    }

    /// A setting that cannot be used.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// Takes over what a configuration file says, JSON with the keys of ``Key``.
    public mutating func take(file bytes: [UInt8]) throws(Problem) {
        do {
            let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 65_536))
            let fields = try JSONFields(value)
            try fields.refuseMembers(otherThan: Set(Key.allCases.map(\.rawValue)))
            for key in Key.allCases {
                switch fields.optionalValue(key.rawValue) {
                case .none: continue
                case .some(.integer(let number)): try set(key, "\(number)")
                case .some(.bool(let answer)): try set(key, "\(answer)")
                case .some: try set(key, fields.string(key.rawValue))
                }
            }
        } catch { throw Problem(description: "\(error)") }
    }

    /// Takes over the variables that are set.
    public mutating func take(environment: [String: String]) throws(Problem) {
        for key in Key.allCases {
            guard let text = environment[key.variable] else { continue }
            do { try set(key, text) } catch {
                throw Problem(description: "\(key.variable): \(error)")
            }
        }
    }

    /// Sets one setting from its text.
    public mutating func set(_ key: Key, _ text: String) throws(Problem) {
        switch key {
        case .data: data = text
        case .repository: repository = text
        case .onlineKeys: onlineKeys = text
        case .host: host = text
        case .port: port = try Self.number(key, text, 0...65_535)
        case .checkInSeconds: checkInSeconds = try Self.number(key, text, 1...604_800)
        case .quarantineAfter: quarantineAfter = try Self.number(key, text, 1...1000)
        case .manualApproval: manualApproval = try Self.flag(key, text)
        case .stepMilliseconds: stepMilliseconds = try Self.number(key, text, 10...3_600_000)
        case .logLevel: logLevel = text
        case .prometheus: prometheus = text
        case .webhooks: webhooks = text
        case .gateCommands: gateCommands = text
        }
    }

    private static func flag(_ key: Key, _ text: String) throws(Problem) -> Bool {
        guard let answer = Bool(text) else {
            throw Problem(description: "\(key.rawValue): \"\(text)\" is not true or false")
        }
        return answer
    }

    private static func number(
        _ key: Key, _ text: String, _ range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                description: "\(key.rawValue): \"\(text)\" is not a number from"
                    + " \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
