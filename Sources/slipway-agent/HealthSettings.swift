internal import Agent
internal import JSON
internal import Model
internal import Slots

/// The checks that a new image has to pass, from a device's file.
///
/// `health` is an array of objects with a `type`, what the type needs, and for each `name`,
/// `timeout_seconds` and `retry_for_seconds`. `health_command` is one more, which comes first.
struct HealthSettings {
    static let keys: Set<String> = ["health", "health_command", "health_timeout_seconds"]

    private let items: [Item]

    private struct Item {
        let name: String
        let kind: Kind
        let timeout: Duration
        let retryFor: Duration
    }

    private enum Kind {
        case command([String])
        case systemd(unit: String)
        case tcp(host: String, port: UInt16)
        case http(url: String, status: Int?, text: String?)
        case space(path: String, minimumBytes: Int64)
        /// Waits for its person as long as there is time.
        case manual
    }

    /// - Throws: ``JSONShapeError``.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        var items: [Item] = []
        // An empty command has always meant that there is none.
        if fields.optionalValue("health_command") != .array([]),
            let command = try fields.command("health_command")
        {
            items.append(
                Item(
                    name: "health_command", kind: .command(command),
                    timeout: try fields.duration("health_timeout_seconds", unless: 60),
                    retryFor: .zero))
        }
        for element in try fields.optionalArray("health", maximumCount: 64) ?? [] {
            items.append(try Self.item(element.object()))
        }
        self.items = items
    }

    private static func item(_ fields: JSONFields) throws(JSONShapeError) -> Item {
        let (kind, keys, name) = try kind(of: fields)
        try fields.refuseMembers(
            otherThan: keys.union(["type", "name", "timeout_seconds", "retry_for_seconds"]))
        let isManual = if case .manual = kind { true } else { false }
        return Item(
            name: try fields.optionalString("name", maximumByteCount: 64) ?? name, kind: kind,
            timeout: try fields.duration("timeout_seconds", unless: isManual ? 604_800 : 60),
            retryFor: try fields.duration("retry_for_seconds", in: 0...604_800, unless: 0))
    }

    private static func kind(
        of fields: JSONFields
    ) throws(JSONShapeError) -> (Kind, keys: Set<String>, name: String) {
        switch try fields.string("type") {
        case "command":
            guard let command = try fields.command("command") else {
                throw fields.refused("command", "a program and its arguments")
            }
            return (.command(command), ["command"], "command \(command[0])")
        case "systemd":
            let unit = try fields.string("unit", maximumByteCount: 256)
            return (.systemd(unit: unit), ["unit"], "unit \(unit)")
        case "tcp":
            let host = try fields.string("host", maximumByteCount: 253)
            let port = UInt16(truncatingIfNeeded: try fields.integer("port", in: 1...65_535))
            return (.tcp(host: host, port: port), ["host", "port"], "tcp \(host) port \(port)")
        case "http":
            let url = try fields.string("url")
            let status = try fields.optionalInteger("status", in: 200...599).map { Int($0) }
            let text = try fields.optionalString("text")
            return (
                .http(url: url, status: status, text: text), ["url", "status", "text"], "http"
            )
        case "space":
            let path = try fields.string("path")
            let bytes = try fields.integer("minimum_bytes", in: 1...Int64.max)
            return (.space(path: path, minimumBytes: bytes), ["path", "minimum_bytes"], "space")
        case "manual": return (.manual, [], "manual")
        default:
            throw fields.refused(
                "type", "\"command\", \"systemd\", \"tcp\", \"http\", \"space\" or \"manual\"")
        }
    }

    /// The checks at work.
    ///
    /// - Parameters:
    ///   - slotPath: Where the bytes of a slot are.
    ///   - confirmation: What somebody at the device gives.
    ///   - boot: What the bootloader calls this boot.
    func checks(
        clock: any AgentClock, slotPath: @escaping (SlotName) -> String,
        confirmation: ManualConfirmation, boot: @escaping () -> BootID?
    ) -> HealthChecks {
        let entries = items.map { item in
            let check: any HealthCheck =
                switch item.kind {
                case .command(let command):
                    CommandHealthCheck(
                        command: command, timeout: item.timeout, slotPath: slotPath)
                case .systemd(let unit): SystemdHealthCheck(unit: unit, clock: clock)
                case .tcp(let host, let port): TCPHealthCheck(host: host, port: port, clock: clock)
                case .http(let url, let status, let text):
                    HTTPHealthCheck(url: url, status: status, text: text)
                case .space(let path, let bytes):
                    SpaceHealthCheck(path: path, minimumBytes: bytes)
                case .manual: ManualHealthCheck(confirmation, boot: boot, clock: clock)
                }
            return HealthChecks.Entry(
                name: item.name, check: check, timeout: item.timeout, retryFor: item.retryFor)
        }
        return HealthChecks(entries, clock: clock)
    }
}

/// The hardware watchdog that guards a trial, from a device's file: `watchdog`.
struct WatchdogSettings {
    static let keys: Set<String> = ["watchdog"]

    let device: String
    let timeout: Duration

    /// `nil` when the device's file names none.
    ///
    /// - Throws: ``JSONShapeError``.
    init?(_ fields: JSONFields) throws(JSONShapeError) {
        guard let fields = try fields.optionalObject("watchdog") else { return nil }
        try fields.refuseMembers(otherThan: ["device", "timeout_seconds"])
        device = try fields.optionalString("device") ?? "/dev/watchdog"
        timeout = try fields.duration("timeout_seconds", in: 2...3600, unless: 30)
    }

    func watchdog(
        uptime: @escaping @Sendable () -> Duration, note: @escaping @Sendable (String) -> Void
    ) -> Watchdog {
        Watchdog(device: device, timeout: timeout, uptime: uptime, note: note)
    }
}
