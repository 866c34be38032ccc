internal import Agent
internal import JSON

/// Where the device's own key is, from its file: `identity_command`, else a file in the state.
struct IdentitySettings {
    static let keys: Set<String> = ["identity_command", "identity_timeout_seconds"]

    private let command: [String]?
    private let timeout: Duration

    /// - Throws: ``JSONShapeError``.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        command = try fields.command("identity_command")
        timeout = try fields.duration("identity_timeout_seconds", in: 1...600, unless: 30)
    }

    /// - Parameter path: Of the key's file, where no command holds the key.
    func identity(at path: String) throws(CommandError) -> any DeviceIdentity {
        guard let command else { return try DeviceKey(at: path) }
        return try SealedDeviceKey(command: command, timeout: timeout)
    }
}
