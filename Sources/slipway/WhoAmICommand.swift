internal import ArgumentParser
internal import Model
internal import Wire

struct WhoAmICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Show whose token this is, and what it is good for.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let who: WhoAmI = try server.client().get("whoami")
        guard !output.json else { return Output.json(who) }
        say("name     \(who.name)")
        say("role     \(who.role.rawValue)")
        say("may      \(who.permissions.map(\.rawValue).joined(separator: ", "))")
        if let cohorts = who.cohorts {
            say("only in  \(cohorts.map(\.text).joined(separator: ", "))")
        }
        if let token = who.token { say("token    \(token)") }
        say("expires  \(who.expires.map { "\($0)" } ?? "never")")
    }
}
