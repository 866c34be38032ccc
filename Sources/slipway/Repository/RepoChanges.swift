internal import ArgumentParser
internal import JSON
internal import Model
internal import Trust

struct RepoRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Change who may sign a role that root names.",
        discussion: """
            Stages the next root, which needs the signatures of the root keys before and after. \
            With no change but --expires it renews root. For a delegated role see `repo delegate`.
            """)

    @Argument(help: "root, targets, snapshot, timestamp or offer.") var role: String
    @Option(help: "A key that may sign from now on; a file with a public key is enough.")
    var add: [KeySource] = []
    @Option(help: "A key that may not any more: its key id, or the beginning of it.")
    var remove: [String] = []
    @Option(help: "How many keys must sign from now on.") var threshold: Int?
    @Option(help: "How long the new root is valid.") var expiresRoot = Lifetime(days: 365)
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let name = RoleName(role), RoleName.ofRoot.contains(name) else {
            throw SlipwayError.badInput(
                path: role.visible, problem: "root names root, targets, snapshot, timestamp, offer")
        }
        let workspace = try repository.open()
        let signers = try signers(name, workspace)
        let expires = expiresRoot.end(from: try WritingTime.now)
        workspace.changeRoot { draft in
            draft.set(name, signers)
            draft.expires = expires
        }
        // Targets that the new keys have not signed would be nobody's: they are signed anew.
        if name == .targets {
            try workspace.change(
                .targets, .renew, expires: expiry.expiresTargets.end(from: WritingTime.now))
        }
        try StagedChange.finish(
            workspace, signing.signers(repository.passphrase.source), expiry, output)
    }

    private func signers(
        _ name: RoleName, _ workspace: Workspace
    ) throws(SlipwayError) -> RoleSigners {
        let root = workspace.round.stagedRoot ?? workspace.published.root
        let current = name == .offer ? root.offer : root.role(name)
        var keys = current?.keys ?? [:]
        for text in remove {
            let matching = keys.keys.filter { $0.text.hasPrefix(text) }
            guard let keyID = matching.first, matching.count == 1 else {
                throw .badInput(
                    path: "--remove",
                    problem: "\(matching.count) keys of \(name) begin with \(text.visible)")
            }
            keys[keyID] = nil
        }
        var material = keys.sorted { $0.key < $1.key }.map(\.value)
        for source in add {
            let key = try source.publicKey(repository.passphrase.source)
            if !material.contains(key) { material.append(key) }
        }
        do {
            return try RoleSigners(
                keys: material, threshold: threshold ?? current?.threshold ?? 1)
        } catch { throw .badInput(path: "--threshold", problem: "\(error)") }
    }
}

struct RepoDelegate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delegate", abstract: "Trust a role with some paths.",
        discussion: """
            Stages the delegator's next version and, for a new role, the role's first, which its \
            own keys sign. A role that exists is trusted anew, with these keys and paths.
            """)

    @Argument(help: "The role's name.") var name: String
    @Option(
        parsing: .upToNextOption,
        help: "The paths it may speak for; * and ? match within one name of a path.")
    var paths: [String]
    @Option(help: "A key that may sign; a file with a public key is enough; repeat for more.")
    var add: [KeySource]
    @Option(help: "How many of the keys must sign.") var threshold = 1
    @Flag(help: "Ask nobody else for these paths.") var terminating = false
    @Option(help: "Who delegates: targets, or a delegated role.") var by = "targets"
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard !paths.isEmpty, !add.isEmpty else {
            throw SlipwayError.badInput(path: "--paths", problem: "name paths, and keys by --add")
        }
        // What we write ourselves has names that are plain everywhere, in URLs and as files.
        guard NameRule(name) != nil, URLPath.encode(name) == name,
            let role = DelegatedRoleName(name)
        else {
            throw SlipwayError.badInput(
                path: name.visible, problem: "a role's name is made of letters, digits and . _ -")
        }
        let workspace = try repository.open()
        let delegator = try TargetsRole.named(by, in: workspace)
        try Self.requireNoBins(delegator, workspace)
        let expires = expiry.expiresTargets.end(from: try WritingTime.now)
        let before = workspace.round.signers(of: .delegated(role))
        workspace.change(
            delegator,
            .delegate(
                TargetsChange.Delegation(
                    name: role, signers: try signers(),
                    paths: paths.map { PathPattern(JSONString($0)) },
                    isTerminating: terminating)), expires: expires)
        // What the new keys have not signed would be nobody's: it is signed anew.
        if workspace.round.targets(of: .delegated(role)) == nil
            || workspace.round.signers(of: .delegated(role)) != before
        {
            workspace.change(.delegated(role), .renew, expires: expires)
        }
        try StagedChange.finish(
            workspace, signing.signers(repository.passphrase.source), expiry, output)
    }

    /// Bins and roles cannot stand side by side, and the bins would be lost.
    static func requireNoBins(
        _ delegator: RoleName, _ workspace: Workspace
    ) throws(SlipwayError) {
        if case .bins = workspace.round.targets(of: delegator)?.delegations?.kind {
            throw .refused("\(delegator) delegates to succinct bins, which this does not change")
        }
    }

    private func signers() throws(SlipwayError) -> RoleSigners {
        var keys: [PublicKey] = []
        for source in add { keys.append(try source.publicKey(repository.passphrase.source)) }
        do { return try RoleSigners(keys: keys, threshold: threshold) } catch {
            throw .badInput(path: "--threshold", problem: "\(error)")
        }
    }
}

struct RepoRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Trust a delegated role no longer.",
        discussion: "What it lists is withdrawn; those versions stay taken.")

    @Argument(help: "The role's name.") var name: String
    @Option(help: "Who delegated to it.") var by = "targets"
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        guard case .delegated(let role) = try TargetsRole.named(name, in: workspace) else {
            throw SlipwayError.badInput(path: name.visible, problem: "it is no delegated role")
        }
        let delegator = try TargetsRole.named(by, in: workspace)
        try RepoDelegate.requireNoBins(delegator, workspace)
        let vanishing = workspace.published.vanishing(byRevoking: role, of: delegator)
        try workspace.change(
            delegator, .revoke(role, noting: vanishing),
            expires: expiry.expiresTargets.end(from: WritingTime.now))
        try StagedChange.finish(
            workspace, signing.signers(repository.passphrase.source), expiry, output)
    }
}

struct RepoRenew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Let a role say the same for longer.",
        discussion: "Stages its next version. For snapshot and timestamp see `repo refresh`.")

    @Argument(help: "root, targets, or a delegated role.") var role: String
    @Option(help: "How long root is valid.") var expiresRoot = Lifetime(days: 365)
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        let now = try WritingTime.now
        if role == RoleName.root.text {
            let expires = expiresRoot.end(from: now)
            workspace.changeRoot { $0.expires = expires }
        } else {
            try workspace.change(
                TargetsRole.named(role, in: workspace), .renew,
                expires: expiry.expiresTargets.end(from: now))
        }
        try StagedChange.finish(
            workspace, signing.signers(repository.passphrase.source), expiry, output)
    }
}

/// What every command that stages something ends with.
enum StagedChange {
    /// Signs with the keys that are at hand, publishes what is complete, and tells what is not.
    static func finish(
        _ workspace: Workspace, _ signers: [any Signer], _ expiry: ExpiryOptions,
        _ output: OutputOptions
    ) throws {
        try workspace.sign(signers)
        let published = try workspace.publishComplete(expiry)
        let view = StagedView(workspace)
        guard !output.json else {
            return Output.json([
                "published": .array(published.map { .string($0.text) }), "staged": view.json,
            ])
        }
        for role in published {
            let version = workspace.published.version(of: role) ?? 0
            say("published \(role) version \(version)")
        }
        view.tell(output.json)
    }
}
