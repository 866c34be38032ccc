internal import ArgumentParser
internal import Curl
internal import Model
internal import Wire

struct DeviceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Look at the fleet.",
        subcommands: [
            List.self, Show.self, Hold.self, Resume.self, Pin.self, Unpin.self, AcceptKey.self,
            Set.self, Retire.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the devices.")

        @Option(
            help: ArgumentHelp("Only those that it picks.", valueName: "selector"))
        var select: String?
        @Option(help: "Only those in this state: active, held, quarantined or retired.")
        var lifecycle: String?
        @Option(help: "Only those of this model.") var hardware: String?
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let filter = [("select", select), ("lifecycle", lifecycle), ("hardware", hardware)]
                .compactMap { name, value in value.map { "\(name)=\(URLPath.encode($0))" } }
            var list = StreamedList(
                ["DEVICE", "HARDWARE", "RELEASE", "SLOT", "", "PHASE", "LAST SEEN"],
                isJSON: output.json)
            try server.client().pages("devices", filter) { (devices: [DeviceSummary]) in
                list.add(devices) { device in
                    [
                        device.id.text, device.hardware.text,
                        device.boot.release.map { "\($0)" } ?? "unknown", device.boot.slot.text,
                        device.boot.isConfirmed ? "proven" : "on trial", device.phase.word,
                        "\(device.lastSeen)",
                    ]
                }
            }
            list.end()
        }
    }

    struct Hold: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let nothing be installed on a device for now.")

        @Option(help: "Why; shown wherever the device is.") var reason: String
        @OptionGroup var change: Change

        func run() throws { try change.run("hold", HoldRequest(reason: reason).bytes) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let rollouts reach a device again that was held or quarantined.")
        @OptionGroup var change: Change
        func run() throws { try change.run("resume") }
    }

    struct Pin: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device have one release only, until it is unpinned.")

        @Option(help: "A name and a version, such as \"acme-gateway 2.4.1\".") var release: String
        @OptionGroup var change: Change

        func validate() throws {
            guard ReleaseID(release) != nil else {
                throw ValidationError("--release takes a name and a version")
            }
        }

        func run() throws {
            try change.run("pin", ReleaseRequest(release: ReleaseID(release)).bytes)
        }
    }

    struct Unpin: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device have any release again.")
        @OptionGroup var change: Change
        func run() throws { try change.run("unpin") }
    }

    struct AcceptKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device that was reset enrol again, with the key that it shows.",
            discussion: """
                `slipway device show` tells the key. Compare it with what `slipway-agent status`
                says at the device: whoever has an enrolment token can ask for this.
                """)

        @Option(help: "The key that the device has asked for, in 64 hexadecimal digits.")
        var key: String
        @OptionGroup var change: Change

        func validate() throws {
            guard Ed25519PublicKey(hex: key) != nil else {
                throw ValidationError("--key takes 64 lower-case hexadecimal digits")
            }
        }

        func run() throws {
            guard let key = Ed25519PublicKey(hex: key) else { return }
            try change.run("accept-key", KeyRequest(key: key).bytes)
        }
    }

    struct Retire: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a device out of the fleet for good.")

        @Flag(help: "Tell the device to erase itself, and wait for it to say so.") var wipe = false
        @OptionGroup var change: Change

        func run() throws {
            try change.run("retire", RetireRequest(demandsWipe: wipe).bytes)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set attributes of a device, which win over what it says of itself.")

        @OptionGroup var change: Change
        @Argument(
            help: ArgumentHelp(
                "What to set; nothing after the = takes your word back.", valueName: "name=value"))
        var attributes: [String]

        func validate() throws { _ = try changes() }

        private func changes() throws -> [String: String?] {
            var changes: [String: String?] = [:]
            for text in attributes {
                let parts = text.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, Attributes.isName(String(parts[0])) else {
                    throw ValidationError("\"\(text)\" is not like site=berlin")
                }
                changes[String(parts[0])] = .some(parts[1].isEmpty ? nil : String(parts[1]))
            }
            return changes
        }

        func run() throws {
            try change.run("attributes", AttributesRequest(changes: changes()).bytes)
        }
    }

    /// What holding, resuming and retiring have in common.
    struct Change: ParsableArguments {
        @Argument(help: "The device's id.") var id: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run(_ verb: String, _ body: [UInt8] = []) throws {
            let device: DeviceSummary = try server.client().post(
                "devices/\(URLPath.encode(id))/\(verb)", body)
            guard !output.json else { return Output.json(device) }
            let pin = device.pin.map { ", pinned to \($0)" } ?? ""
            say("\(device.id) is \(device.standing.visible)\(pin)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one device, and the rule of each rollout that decides for it.")

        @Argument(help: "The device's id.") var id: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let device: DeviceSummary = try server.client().get("devices/\(URLPath.encode(id))")
            guard !output.json else { return Output.json(device) }
            say("device      \(device.id) (\(device.hardware)), \(device.standing.visible)")
            let proof = device.boot.isConfirmed ? "proven" : "on trial"
            let release = device.boot.release.map { "\($0)" } ?? "unknown"
            say("runs        \(release) in slot \(device.boot.slot), \(proof)")
            say("image       \(device.boot.sha256.map { "\($0)" } ?? "unknown")")
            say("phase       \(device.phase.word)\(device.rollout.map { " (\($0))" } ?? "")")
            if case .waiting(_, let reason) = device.phase { say("waits for   \(reason)") }
            if let pin = device.pin { say("pinned to   \(pin)") }
            if let failure = device.lastFailure { say("last failed \(failure)") }
            for line in device.lastFailure?.log?.split(separator: "\n") ?? [] {
                say("            | \(line)")
            }
            if let key = device.askedKey { say("asks for    the key \(key.hex)") }
            if let retirement = device.retirement { say("retired     \(retirement.sentence)") }
            say("last seen   \(device.lastSeen)")
            for (name, value) in device.attributes.values.sorted(by: { $0.key < $1.key }) {
                let isSet = device.setAttributes[name] != nil
                say("attribute   \(name) = \(value.visible)\(isSet ? " (set)" : "")")
            }
            for decision in device.decisions {
                say("rollout     \(decision.rollout): \(decision.rule)")
            }
        }
    }
}

extension Retirement {
    /// When it left, and whether it has erased itself.
    fileprivate var sentence: String {
        switch wipe {
        case nil: "\(at)"
        case .demanded: "\(at); it was told to erase itself and has not said anything of it"
        case .done(let moment): "\(at); it has erased itself, as it said \(moment)"
        case .failed(let detail, let moment):
            "\(at); it could not erase itself, as it said \(moment): \(detail.visible)"
        }
    }
}
