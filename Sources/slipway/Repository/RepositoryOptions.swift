internal import ArgumentParser
import Foundation
internal import Model
internal import Trust

/// Which repository a command works on, and what it may sign with.
struct RepositoryOptions: ParsableArguments {
    @Option(help: "The repository's folder.") var repo: String?
    @OptionGroup var server: ServerOptions
    @Option(help: "The folder with the keys; by default `keys` beside the repository.")
    var keys: String?
    @Option(help: "The trusted root metadata; by default that beside the keys.")
    var root: String?
    @Option(help: "Where metadata waits for signatures; by default `staged` beside the repository.")
    var staged: String?
    @OptionGroup var passphrase: PassphraseOptions

    /// The repository, its staged metadata and, for a folder, the right to change them.
    func open() throws(SlipwayError) -> Workspace {
        guard let repo else {
            let client = try server.client()
            let folder = StagedFolder(folder: URL(filePath: staged ?? "slipway-staged"))
            return try Workspace(.server(client), anchor: anchor(nil), folder, keyFolder(nil))
        }
        let repository = try RepositoryFolder(existing: repo)
        let home = repository.folder.deletingLastPathComponent()
        let folder = StagedFolder(
            folder: staged.map { URL(filePath: $0) } ?? home.appending(path: "staged"))
        return try Workspace(
            .folder(repository), anchor: anchor(repository), folder, keyFolder(home))
    }

    private func keyFolder(_ home: URL?) -> KeyFolder? {
        (keys.map { URL(filePath: $0) } ?? home?.appending(path: "keys")).map {
            KeyFolder(folder: $0)
        }
    }

    /// Without a root of our own, the first one of the repository would vouch for itself.
    private func anchor(_ repository: RepositoryFolder?) throws(SlipwayError) -> [UInt8]? {
        let beside = keys.map {
            URL(filePath: $0).deletingLastPathComponent()
                .appending(path: "repository/metadata/1.root.json").path
        }
        if root == nil, beside.map({ FileManager.default.fileExists(atPath: $0) }) != true {
            if repository == nil {
                FileHandle.standardError.write(
                    Data(
                        "slipway: trusting the repository's own 1.root.json; name --root\n".utf8))
            }
            return nil
        }
        guard let path = root ?? beside else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        return Array(data)
    }
}

/// The keys that a command signs with.
struct SigningOptions: ParsableArguments {
    @Option(help: KeySource.help) var key: [KeySource] = []

    /// The keys that were named; none when none was.
    func signers(_ passphrase: PassphraseSource) throws(SlipwayError) -> [any Signer] {
        var signers: [any Signer] = []
        for source in key { signers.append(try source.signer(passphrase)) }
        return signers
    }
}
