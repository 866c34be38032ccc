internal import ArgumentParser
internal import Model
internal import Wire

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Print what happened, and with --follow what happens.",
        discussion: """
            --follow goes on where it was cut off, for as long as it takes; without --after it \
            begins with what happens next.
            """)

    @Flag(help: "Go on printing what happens.") var follow = false
    @Option(help: "Only events after the one with this number.") var after: Int64?
    @Option(help: "Only events of this rollout.") var rollout: String?
    @Option(help: "Only events of this device.") var device: String?
    @OptionGroup var server: ServerOptions
    @Flag(help: "Print each event as one line of JSON.") var json = false

    func validate() throws {
        guard after.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--after takes the number of an event")
        }
    }

    func run() throws {
        let client = try server.client()
        let filter = [("rollout", rollout), ("device", device)].compactMap { name, value in
            value.map { "\(name)=\(URLPath.encode($0))" }
        }
        guard follow else {
            return try client.pages("events", filter, from: after.map { "\($0)" }) { page in
                page.forEach(show)
            }
        }
        try EventFollower(client: client, filter: filter).run(after: after, show)
    }

    private func show(_ event: EventSummary) {
        guard !json else { return say(String(decoding: event.bytes, as: UTF8.self)) }
        let about = [event.device.map { "\($0)" }, event.rollout.map { "\($0)" }]
            .compactMap { $0 }.joined(separator: " ")
        say("\(event.number)  \(event.at)  \(about.isEmpty ? "-" : about)  \(event.what.visible)")
    }
}
