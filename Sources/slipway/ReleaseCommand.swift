internal import ArgumentParser
internal import Curl
internal import Model
internal import Wire

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Publish images and list them.",
        subcommands: [ReleasePublish.self, ReleaseWithdraw.self, List.self, Show.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all releases.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let list = ListAnswer<ReleaseSummary>(items: try server.client().all("releases"))
            guard !output.json else { return Output.json(list) }
            Output.table(
                ["RELEASE", "HARDWARE", "BYTES", "SHA-256"],
                list.items.flatMap { release in
                    release.images.map { image in
                        [
                            "\(release.release)", image.hardware.map(\.text).joined(separator: ","),
                            "\(image.image.length)", String(image.image.sha256.hex.prefix(16)),
                        ]
                    }
                })
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one release.")

        @Argument(help: "Its name.") var name: String
        @Argument(help: "Its version.") var version: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let release: ReleaseSummary = try server.client().get(
                "releases/\(URLPath.encode(name))/\(URLPath.encode(version))")
            guard !output.json else { return Output.json(release) }
            say("release   \(release.release)")
            for image in release.images {
                say("image     \(image.image.path)")
                say("  sha256    \(image.image.sha256)")
                say("  bytes     \(image.image.length)")
                say("  hardware  \(image.hardware.map(\.text).joined(separator: ", "))")
                if !image.from.isEmpty {
                    say("  from      \(image.from.map(\.text).joined(separator: ", "))")
                }
                if image.mayDowngrade { say("  devices may go back to it") }
            }
        }
    }
}
