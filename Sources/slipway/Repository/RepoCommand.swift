internal import ArgumentParser
internal import Model
internal import Trust

struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Make and keep the signed repository.",
        discussion: """
            A change is staged, signed by whoever has the keys, and published as soon as nothing \
            is missing; `status` tells at each step what is.
            """,
        subcommands: [
            RepoInit.self, RepoStatus.self, RepoRotate.self, RepoDelegate.self, RepoRevoke.self,
            RepoRenew.self, RepoSign.self, RepoRefresh.self, RepoExport.self, RepoImport.self,
            RepoDiscard.self,
        ])
}

/// How long the roles that change often are valid.
struct ExpiryOptions: ParsableArguments {
    @Option(help: "How long targets are valid.") var expiresTargets = Lifetime(days: 180)
    @Option(help: "How long the snapshot is valid.") var expiresSnapshot = Lifetime(days: 7)
    @Option(help: "How long the timestamp is valid.") var expiresTimestamp = Lifetime(days: 1)

    func expiry(from now: Instant) -> PublishedRepository.Expiry {
        PublishedRepository.Expiry(
            snapshot: expiresSnapshot.end(from: now), timestamp: expiresTimestamp.end(from: now))
    }
}
