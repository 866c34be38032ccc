internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import Trust

struct RepoSign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign what is staged, and publish what is complete.")

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        guard !StagedView(workspace).isEmpty else {
            throw SlipwayError.refused("nothing is staged")
        }
        try StagedChange.finish(
            workspace, signing.signers(repository.passphrase.source), expiry, output)
    }
}

struct RepoDiscard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Forget what is staged of a role.")

    @Argument(help: "The role.") var role: String
    @OptionGroup var repository: RepositoryOptions

    func run() throws {
        let workspace = try repository.open()
        guard let name = RoleName(role), workspace.round.staged[name] != nil else {
            throw SlipwayError.refused("nothing is staged of \(role.visible)")
        }
        try workspace.discard(name)
    }
}

struct RepoRefresh: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Sign snapshot and timestamp anew with the online keys.",
        discussion: """
            A running server does it by itself. It also completes a rotation of online keys that \
            was interrupted.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        try workspace.refresh(expiry)
        let published = workspace.published
        guard !output.json else {
            return Output.json([
                "snapshot": .integer(published.snapshot.version),
                "timestamp": .integer(published.timestamp.version),
                "expires": .string("\(published.timestamp.expires)"),
            ])
        }
        say("snapshot version \(published.snapshot.version), expires \(published.snapshot.expires)")
        say(
            "timestamp version \(published.timestamp.version), expires"
                + " \(published.timestamp.expires)")
    }
}

struct RepoExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write what is to be signed into one file.",
        discussion: """
            The file goes to where the keys are. There `slipway key sign FILE --key KEY` shows it \
            and writes signatures, which `repo import` takes in here.
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var repository: RepositoryOptions

    func run() throws {
        let workspace = try repository.open()
        guard !StagedView(workspace).isEmpty else {
            throw SlipwayError.refused("nothing is staged")
        }
        try TextFile.write(SigningRequest(workspace.round).json, to: file)
        StagedView(workspace).tell(false)
    }
}

struct RepoImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in signatures that were made elsewhere.",
        discussion: "Each is verified first; what is complete is published.")

    @Argument(help: "The files that `slipway key sign` wrote.") var files: [String]
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let workspace = try repository.open()
        for file in files {
            for signature in try DetachedSignature.read(file) {
                try workspace.add(signature.bytes, by: signature.keyID, to: signature.role)
            }
        }
        try StagedChange.finish(workspace, [], expiry, output)
    }
}
