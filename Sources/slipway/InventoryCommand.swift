internal import ArgumentParser
import Foundation
internal import Curl
internal import Model
internal import Wire

struct InventoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Plan devices before they speak, and take inventories in and out of files.",
        discussion: """
            A file is comma-separated values with a header (id, hardware, public_key, and \
            attributes.NAME for each attribute) or JSON: objects with the same members, one after \
            another or in one array. A device whose public key is in it needs no enrolment token.
            """,
        subcommands: [
            Import.self, Export.self, Applications.self, AcceptKey.self, Remove.self,
        ])

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Plan the devices of a file, and set attributes of those that are here.",
            discussion: """
                A row that is refused holds up no other; what is refused is told with its line, \
                and the exit code is then 1. The same file again changes nothing.
                """)

        @Argument(help: "The file, at most 200,000 devices.") var file: String
        @Option(help: "csv or json; else by the file's ending.") var format: String?
        @Flag(help: "Only tell what would be done.") var dryRun = false
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { _ = try FileFormat.named(format, for: file) }

        func run() throws {
            let format = try FileFormat.named(format, for: file)
            let report: ImportReport = try server.client().upload(
                file, to: "inventory\(dryRun ? "?dry_run=true" : "")",
                contentType: format == .csv ? "text/csv" : "application/json")
            if output.json {
                Output.json(report)
            } else {
                for row in report.refused { say("line \(row.line): \(row.reason.visible)") }
                say(
                    "\(report.added) added, \(report.changed) changed, \(report.unchanged) as they"
                        + " were, \(report.refused.count) refused"
                        + (dryRun ? "; nothing was stored" : ""))
            }
            guard report.refused.isEmpty else { throw ExitCode(1) }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print all devices, those among them that were never heard of.",
            discussion: "An import takes over what operators set, and passes over the rest.")

        @Option(help: "csv or json.") var format: String = "csv"
        @OptionGroup var server: ServerOptions

        func validate() throws { _ = try FileFormat.named(format, for: "") }

        func run() throws {
            let bytes = try server.client().bytes(of: "inventory?format=\(format)")
            FileHandle.standardOutput.write(Data(bytes))
        }
    }

    struct Applications: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the devices that ask to be taken in and have no token.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let list: ListAnswer<InventoryEntry> = try server.client().get(
                "inventory/applications")
            guard !output.json else { return Output.json(list) }
            Output.table(
                ["DEVICE", "HARDWARE", "KEY"],
                list.items.map { entry in
                    [
                        entry.row.id.text, entry.row.hardware?.text ?? "unknown",
                        entry.askedKey?.hex ?? "",
                    ]
                })
        }
    }

    struct AcceptKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a device in with the key that it has shown.",
            discussion: """
                Compare the key with what `slipway-agent status` says at the device: anybody can \
                ask in its name.
                """)

        @Argument(help: "The device's id.") var id: String
        @Option(help: "The key, in 64 hexadecimal digits.") var key: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard Ed25519PublicKey(hex: key) != nil else {
                throw ValidationError("--key takes 64 lower-case hexadecimal digits")
            }
        }

        func run() throws {
            guard let key = Ed25519PublicKey(hex: key) else { return }
            let entry: InventoryEntry = try server.client().post(
                "inventory/\(URLPath.encode(id))/accept-key", KeyRequest(key: key).bytes)
            guard !output.json else { return Output.json(entry) }
            say("\(entry.row.id) is \(entry.lifecycle.rawValue)")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back the plan of a device that was never heard of.")

        @Argument(help: "The device's id.") var id: String
        @OptionGroup var server: ServerOptions

        func run() throws {
            try server.client().delete("inventory/\(URLPath.encode(id))")
            say("\(id.visible) is no longer expected")
        }
    }

    /// Which of the two a file is.
    private enum FileFormat {
        static func named(_ name: String?, for file: String) throws -> InventoryFormat {
            if let name {
                guard let format = InventoryFormat(rawValue: name) else {
                    throw ValidationError("--format takes csv or json")
                }
                return format
            }
            switch file.split(separator: ".").last?.lowercased() {
            case "csv": return .csv
            case "json", "jsonl", "ndjson": return .json
            default: throw ValidationError("say by --format whether \(file) is csv or json")
            }
        }
    }
}
