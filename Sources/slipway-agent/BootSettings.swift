internal import Agent
internal import JSON
internal import Model
internal import Slots

/// The member `boot` of the device's configuration: which bootloader the device has.
struct BootSettings {
    private enum Kind: String, CaseIterable {
        case grub
        case uboot
        case ubootTools = "uboot-tools"
        case systemdBoot = "systemd-boot"
        case efi
        case tryboot
        case link
        case command

        /// The members that it has, besides `type` and `slot_argument`.
        var keys: Set<String> {
            switch self {
            case .grub: ["environment", "prefix"]
            case .uboot: ["config", "variables", "accept_torn_copy"]
            case .ubootTools: ["config", "variables", "timeout_seconds"]
            case .systemdBoot: ["esp", "entries"]
            case .efi: ["entries", "variables"]
            case .tryboot: ["autoboot", "partitions"]
            case .link: ["folder"]
            case .command: ["command", "timeout_seconds"]
            }
        }
    }

    /// Makes the bootloader of a device.
    ///
    /// - Parameters:
    ///   - fields: The whole configuration. `boot` in it is a text, the folder of the simulated
    ///     bootloader, or an object with a `type`.
    ///   - slots: Where each slot is.
    ///   - statePath: The folder in which the agent keeps what must outlive a restart.
    /// - Throws: `JSONShapeError` for what is not as it should be; ``SlotError`` when a file that
    ///   the configuration names cannot be used.
    static func bootloader(
        _ fields: JSONFields, slots: [SlotName: String], statePath: String
    ) throws -> any Bootloader {
        if case .string = try fields.value("boot") {
            return SimulatedBootloader(folder: try fields.string("boot"))
        }
        return try BootSettings(fields.object("boot"), slots: slots, statePath: statePath)
            .bootloader()
    }

    private let fields: JSONFields
    private let slots: [SlotName: String]
    private let statePath: String
    private let booted: BootedSlot

    private init(_ fields: JSONFields, slots: [SlotName: String], statePath: String) throws {
        self.fields = fields
        self.slots = slots
        self.statePath = statePath
        let argument = try fields.optionalString("slot_argument") ?? "slipway.slot"
        booted = BootedSlot(
            slots: slots, argument: argument.hasSuffix("=") ? String(argument.dropLast()) : argument
        )
    }

    private func bootloader() throws -> any Bootloader {
        guard let kind = Kind(rawValue: try fields.string("type")) else {
            let types = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.refused("type", "one of \(types)")
        }
        try fields.refuseMembers(otherThan: kind.keys.union(["type", "slot_argument"]))
        switch kind {
        case .grub:
            return GrubEnvironment(
                path: try fields.string("environment"),
                prefix: try fields.optionalString("prefix") ?? "", booted: booted)
        case .uboot: return try uBoot()
        case .ubootTools:
            return UBootTools(
                config: try fields.optionalString("config"), script: "\(statePath)/uboot-script",
                variables: try uBootVariables(), timeout: try timeout(), booted: booted)
        case .systemdBoot:
            return SystemdBoot(
                esp: try fields.string("esp"),
                entries: try bySlot("entries") { fields, slot in try fields.string(slot) },
                booted: booted)
        case .efi: return try efi()
        case .tryboot: return try tryboot()
        case .link: return LinkBootloader(folder: try fields.string("folder"))
        case .command:
            return CommandBootloader(
                command: try command(), timeout: try timeout(), booted: booted)
        }
    }

    private func uBoot() throws -> any Bootloader {
        try UBootEnvironment(
            config: fields.optionalString("config") ?? "/etc/fw_env.config",
            variables: uBootVariables(),
            acceptsTornCopy: fields.optionalBool("accept_torn_copy") ?? false, booted: booted)
    }

    private func tryboot() throws -> any Bootloader {
        Tryboot(
            autoboot: try fields.string("autoboot"),
            partitions: try bySlot("partitions") { fields, slot in
                Int(try fields.integer(slot, in: 1...99))
            }, note: notePath, booted: booted)
    }

    /// What the firmware cannot tell of a trial.
    private var notePath: String { "\(statePath)/boot-trial" }

    private func efi() throws -> any Bootloader {
        EFIBootNext(
            folder: try fields.optionalString("variables") ?? "/sys/firmware/efi/efivars",
            numbers: try bySlot("entries") { fields, slot in
                UInt16(try fields.integer(slot, in: 0...0xffff))
            }, note: notePath, booted: booted)
    }

    private func uBootVariables() throws -> UBootVariables {
        var names = UBootVariables()
        guard let members = try fields.optionalObject("variables") else { return names }
        try members.refuseMembers(otherThan: ["good", "try", "tries"])
        names.good = try members.optionalString("good") ?? names.good
        names.trial = try members.optionalString("try") ?? names.trial
        names.tries = try members.optionalString("tries") ?? names.tries
        return names
    }

    /// One value for each slot, and no two alike.
    private func bySlot<Value: Hashable>(
        _ name: String, _ value: (JSONFields, String) throws -> Value
    ) throws -> [SlotName: Value] {
        let members = try fields.object(name)
        try members.refuseMembers(otherThan: Set(slots.keys.map(\.text)))
        var values: [SlotName: Value] = [:]
        for slot in slots.keys.sorted() { values[slot] = try value(members, slot.text) }
        guard Set(values.values).count == values.count else {
            throw fields.refused(name, "another value for each slot")
        }
        return values
    }

    private func command() throws -> [String] {
        guard let words = try fields.command("command") else {
            throw fields.refused("command", "a program and its arguments")
        }
        return words
    }

    private func timeout() throws -> Duration {
        try fields.duration("timeout_seconds", in: 1...3600, unless: 30)
    }
}
