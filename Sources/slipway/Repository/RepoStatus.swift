internal import ArgumentParser
internal import JSON
internal import Model
internal import Trust

struct RepoStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell who may sign what, what expires when, and what waits for signatures.",
        discussion: "Exit code 1 when something has expired, or does within --expires-within.")

    @OptionGroup var repository: RepositoryOptions
    @Option(help: "Exit with 1 when something expires within this time, such as 14d.")
    var expiresWithin: Lifetime?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        let now = WritingTime.clock
        let limit = expiresWithin?.end(from: now) ?? now
        let roles = RoleStatus.all(in: workspace.published)
        let due = roles.filter { $0.expires <= limit }
        if output.json {
            Output.json([
                "roles": .array(roles.map { $0.json(isDue: $0.expires <= limit) }),
                "staged": StagedView(workspace).json,
            ])
        } else {
            for role in roles { role.tell(now: now) }
            StagedView(workspace).tell(output.json)
            for role in due { say("RENEW \(role.name): it expires at \(role.expires)") }
        }
        guard due.isEmpty else { throw ExitCode(1) }
    }
}

/// One role of a repository, as its keeper sees it.
private struct RoleStatus {
    let name: RoleName
    let version: Int64
    let expires: Instant
    let signers: [Role]
    /// What the role is for, in plain words.
    let purpose: String

    static func all(in published: PublishedRepository) -> [RoleStatus] {
        let root = published.root
        let top = [
            RoleStatus(
                name: .root, version: root.version, expires: root.expires, signers: [root.root],
                purpose: "says who may sign"),
            RoleStatus(
                name: .targets, version: published.targets.version,
                expires: published.targets.expires, signers: [root.targets],
                purpose: "lists \(count(published.images(listedBy: .targets).count, "image"))"),
        ]
        let delegated = published.delegated.sorted { $0.key.text < $1.key.text }.map {
            RoleStatus(
                name: .delegated($0.key), version: $0.value.version, expires: $0.value.expires,
                signers: published.signers(of: .delegated($0.key)),
                purpose:
                    "lists \(count(published.images(listedBy: .delegated($0.key)).count, "image"))")
        }
        let online = [
            RoleStatus(
                name: .snapshot, version: published.snapshot.version,
                expires: published.snapshot.expires, signers: [root.snapshot],
                purpose: "says which versions belong together"),
            RoleStatus(
                name: .timestamp, version: published.timestamp.version,
                expires: published.timestamp.expires, signers: [root.timestamp],
                purpose: "says that this is the newest"),
        ]
        let offer = root.offer.map {
            [
                RoleStatus(
                    name: .offer, version: root.version, expires: root.expires, signers: [$0],
                    purpose: "signs offers to devices")
            ]
        }
        return top + delegated + online + (offer ?? [])
    }

    private static func count(_ number: Int, _ what: String) -> String {
        number == 1 ? "1 \(what)" : "\(number) \(what)s"
    }

    func tell(now: Instant) {
        say("\(name) version \(version) \(purpose); \(validity(now: now))")
        for role in signers {
            let keys = role.keys.count == 1 ? "1 key" : "\(role.keys.count) keys"
            say("  \(role.threshold) of \(keys) must sign")
            for (keyID, key) in role.keys.sorted(by: { $0.key < $1.key }) {
                say("    \(keyID) \(key.scheme.rawValue)")
            }
        }
    }

    private func validity(now: Instant) -> String {
        let days = expires.elapsed(since: now).components.seconds / 86_400
        guard expires > now else { return "EXPIRED at \(expires)" }
        return days < 1
            ? "expires at \(expires), within a day"
            : "expires at \(expires), in \(Self.count(Int(days), "day"))"
    }

    func json(isDue: Bool) -> JSONValue {
        [
            "role": .string(name.text), "version": .integer(version),
            "expires": .string("\(expires)"), "due": .bool(isDue),
            "signers": .array(
                signers.map { role in
                    [
                        "threshold": .integer(Int64(role.threshold)),
                        "keys": .array(role.keys.keys.sorted().map { .string($0.text) }),
                    ]
                }),
        ]
    }
}
