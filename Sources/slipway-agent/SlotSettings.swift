internal import Agent
internal import JSON
internal import Model
internal import Slots

/// The member `slots` of the device's configuration: what holds the images.
struct SlotSettings {
    let slots: any SlotSet
    /// Where each slot is, for whoever boots or checks it: a device, a file, a directory, or what an
    /// installer calls it.
    let paths: [SlotName: String]

    private enum Kind: String, CaseIterable {
        case raw, directories, command

        /// The members that it has, besides `type`.
        var keys: Set<String> {
            switch self {
            case .raw: ["a", "b", "spool", "window_bytes"]
            case .directories: ["folder", "maximum_bytes", "maximum_entries", "allow_setuid"]
            case .command: ["a", "b", "spool", "install", "identify", "timeout_seconds"]
            }
        }
    }

    /// - Parameters:
    ///   - fields: The whole configuration. `slots` in it is an object with a `type`; without one, it
    ///     names two raw slots and where each is.
    ///   - recordFolder: Where the agent keeps what each slot holds.
    /// - Throws: `JSONShapeError` for what is not as it should be.
    init(_ fields: JSONFields, recordFolder: String) throws {
        let own = try fields.object("slots")
        guard own.members["type"] != nil else {
            let paths = try Self.named(in: own)
            self.init(RawSlots(paths, recordFolder: recordFolder), paths)
            return
        }
        guard let kind = Kind(rawValue: try own.string("type")) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw own.refused("type", "one of \(kinds)")
        }
        try own.refuseMembers(otherThan: kind.keys.union(["type"]))
        switch kind {
        case .raw: try self.init(raw: own, recordFolder)
        case .directories: try self.init(directories: own, recordFolder)
        case .command: try self.init(command: own, recordFolder)
        }
    }

    private init(_ slots: any SlotSet, _ paths: [SlotName: String]) {
        self.slots = slots
        self.paths = paths
    }

    private init(raw fields: JSONFields, _ recordFolder: String) throws {
        var options = RawSlots.Options(spoolFolder: try fields.optionalString("spool"))
        let window = RawSlots.Options.allowedWindowBytes
        if let bytes = try fields.optionalInteger(
            "window_bytes", in: Int64(window.lowerBound)...Int64(window.upperBound))
        {
            options.windowBytes = Int(bytes)
        }
        let paths = try Self.twoNamed(in: fields)
        self.init(RawSlots(paths, recordFolder: recordFolder, options: options), paths)
    }

    private init(directories fields: JSONFields, _ recordFolder: String) throws {
        let folder = try fields.string("folder")
        var options = DirectorySlots.Options()
        if let bytes = try fields.optionalInteger("maximum_bytes", in: 1...Int64.max) {
            options.maximumBytes = bytes
        }
        if let entries = try fields.optionalInteger("maximum_entries", in: 1...10_000_000) {
            options.maximumEntries = Int(entries)
        }
        if let allows = try fields.optionalBool("allow_setuid") { options.allowsSetID = allows }
        let names = DirectorySlots.names.map { ($0, "\(folder)/versions/\($0)") }
        self.init(
            DirectorySlots(folder: folder, recordFolder: recordFolder, options: options),
            Dictionary(uniqueKeysWithValues: names))
    }

    private init(command fields: JSONFields, _ recordFolder: String) throws {
        let install = try fields.words("install")
        guard !install.isEmpty, install.contains("{file}") else {
            throw fields.refused("install", "a program and its arguments, with {file}")
        }
        let identify = try fields.words("identify")
        let timeout = try fields.optionalInteger("timeout_seconds", in: 1...604_800) ?? 3600
        let paths = try Self.commanded(in: fields)
        self.init(
            InstallerSlots(
                paths, spoolFolder: try fields.string("spool"), recordFolder: recordFolder,
                install: install, identify: identify, timeout: .seconds(timeout)), paths)
    }

    /// The form without a type: any two names.
    private static func named(in fields: JSONFields) throws -> [SlotName: String] {
        var paths: [SlotName: String] = [:]
        for member in fields.members.members {
            guard let name = SlotName(member.key.text) else {
                throw fields.refused(member.key.text, "a slot's name as the key")
            }
            paths[name] = try fields.string(member.key.text)
        }
        return try differing(paths, fields)
    }

    private static func twoNamed(in fields: JSONFields) throws -> [SlotName: String] {
        var paths: [SlotName: String] = [:]
        for name in DirectorySlots.names { paths[name] = try fields.string(name.text) }
        return try differing(paths, fields)
    }

    /// What the installer calls its slots: as we do, where nothing else is said.
    private static func commanded(in fields: JSONFields) throws -> [SlotName: String] {
        var paths: [SlotName: String] = [:]
        for name in DirectorySlots.names {
            paths[name] = try fields.optionalString(name.text) ?? name.text
        }
        return try differing(paths, fields)
    }

    /// One place as both slots would have the running image overwritten.
    private static func differing(
        _ paths: [SlotName: String], _ fields: JSONFields
    ) throws -> [SlotName: String] {
        guard paths.count == 2, Set(paths.values).count == 2 else {
            throw JSONShapeError(path: "slots", expected: "two slots in two places")
        }
        return paths
    }
}
