internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import Trust
internal import Wire

struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Sign an image and publish it.",
        discussion: """
            Repeating it changes nothing. To a folder (--repo) it signs with the online keys as \
            well; to a server (--server) only the targets key is needed.
            """)

    @Argument(help: "The image.") var image: String
    @Option(help: "The release's name.") var name: String
    @Option(help: "The release's version.") var version: String
    @Option(help: "A hardware model that the image is for; repeat for more.")
    var hardware: [String]
    @Option(help: "A version that may upgrade to it; repeat for more; none stands for all.")
    var from: [String] = []
    @Flag(help: "Let devices with a newer version go back to this one.")
    var allowDowngrade = false
    @Option(help: "The folder with the keys.") var keys: String
    @Option(help: "The targets key's passphrase is the first line of this file.")
    var passphraseFile: String?
    @Option(help: "Publish into this repository folder.") var repo: String?
    @Option(help: "The trusted root metadata; by default that beside the keys.")
    var root: String?
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let repo else { return try publish(to: .server(server.client())) }
        let folder = try RepositoryFolder(existing: repo)
        // Held from reading the current metadata until the new is in place.
        let lock = try RepositoryLock(folder)
        try publish(to: .folder(folder))
        lock.release()
    }

    private func publish(to source: RepositorySource) throws {
        let file = try ImageFile(image)
        let keyFolder = KeyFolder(folder: URL(filePath: keys))
        let key = try keyFolder.targets(passphrase: KeyFile.passphrase(in: passphraseFile))
        let repository = try CheckedRepository.published(source, root: anchor(keyFolder))
        let signed = try signedImage(file, beside: repository.targets)
        if let same = repository.targets.images.values.first(where: { $0.isSame(as: signed) }) {
            return tell(same, "is already published")
        }
        let now = try WritingTime.now
        let targets = try RepositoryWriter(hashing: CheckedRepository.cryptography.hashing)
            .targets(
                following: repository.targets, adding: signed,
                expires: expiry.expiresTargets.end(from: now), signers: [key])
        let accepted = try accept(targets, by: repository, now: now)
        switch source {
        case .folder(let folder):
            try publish(file, accepted, signed, in: folder, of: repository, keyFolder)
        case .server(let client): try publish(file, targets, to: client)
        case .url: preconditionFailure("images are published to folders and servers")
        }
        tell(signed, "is published")
    }

    private func tell(_ signed: SignedImage, _ what: String) {
        let image = signed.image
        guard !output.json else {
            let models = signed.hardware.sorted().map { JSONValue.string($0.text) }
            return Output.json([
                "release": .string("\(signed.release)"), "path": .string(image.path.text),
                "sha256": .string(image.sha256.hex), "length": .integer(image.length),
                "hardware": .array(models),
            ])
        }
        say("\(signed.release) \(what) for \(hardware.joined(separator: ", "))")
        say("  \(image.path), \(image.length) bytes, SHA-256 \(image.sha256)")
    }

    /// Without a root of our own, the first one of the repository would vouch for itself.
    private func anchor(_ keys: KeyFolder) throws(SlipwayError) -> [UInt8]? {
        let beside = keys.folder.deletingLastPathComponent()
            .appending(path: "repository/metadata/1.root.json")
        if root == nil, !FileManager.default.fileExists(atPath: beside.path) {
            guard repo == nil else { return nil }
            FileHandle.standardError.write(
                Data("slipway: trusting the repository's own 1.root.json; name --root\n".utf8))
            return nil
        }
        guard let data = FileManager.default.contents(atPath: root ?? beside.path) else {
            throw .missing(path: root ?? beside.path)
        }
        return Array(data)
    }

    private func signedImage(
        _ file: ImageFile, beside targets: Targets
    ) throws(SlipwayError) -> SignedImage {
        let fileName = URL(filePath: image).lastPathComponent
        guard let name = ReleaseName(name) else {
            throw .badInput(path: "--name", problem: "\"\(self.name)\" is not a name")
        }
        guard let version = Version(version) else {
            throw .badInput(path: "--version", problem: "\"\(self.version)\" is not a version")
        }
        let models = try values(hardware, of: "--hardware") { HardwareModel($0) }
        let versions = try values(from, of: "--from") { Version($0) }
        guard
            let path = Self.path(
                ReleaseID(name: name, version: version), fileName, models, beside: targets),
            let reference = ImageReference(path: path, sha256: file.sha256, length: file.length)
        else {
            throw .badInput(
                path: image, problem: "the file's name may hold only letters, digits and . _ : -")
        }
        do {
            return try SignedImage(
                reference, release: ReleaseID(name: name, version: version), hardware: models,
                from: versions, mayDowngrade: allowDowngrade)
        } catch { throw .badInput(path: "--hardware", problem: "\(error)") }
    }

    /// Builds for several models often give their images one name: then the model tells them apart.
    private static func path(
        _ release: ReleaseID, _ fileName: String, _ models: Set<HardwareModel>,
        beside targets: Targets
    ) -> TargetPath? {
        let folder = "\(release.name)/\(release.version)"
        let plain = TargetPath("\(folder)/\(fileName)")
        guard let taken = plain.flatMap({ targets.images[$0] }), let model = models.sorted().first,
            taken.hardware.isDisjoint(with: models)
        else { return plain }
        return TargetPath("\(folder)/\(model)/\(fileName)")
    }

    private func values<Value: Hashable>(
        _ texts: [String], of option: String, _ make: (String) -> Value?
    ) throws(SlipwayError) -> Set<Value> {
        var values: Set<Value> = []
        for text in texts {
            guard let value = make(text) else {
                throw .badInput(path: option, problem: "\"\(text)\" cannot be used")
            }
            values.insert(value)
        }
        return values
    }

    private func accept(
        _ targets: [UInt8], by repository: PublishedRepository, now: Instant
    ) throws(SlipwayError) -> AcceptedTargets {
        do { return try repository.accept(targets: targets, now: now) } catch {
            switch error {
            case .outdated: throw .tryAgain("\(error)")
            case .untrusted(.tooFewSignatures):
                throw .notPermitted("\(keys): its targets key is not the repository's")
            case .untrusted, .changes, .twoImages: throw .refused("\(error)")
            }
        }
    }

    private func publish(
        _ file: ImageFile, _ accepted: AcceptedTargets, _ signed: SignedImage,
        in folder: RepositoryFolder, of repository: PublishedRepository, _ keys: KeyFolder
    ) throws {
        let now = try WritingTime.now
        let online = OnlineSigners(
            snapshot: try keys.online(.snapshot), timestamp: try keys.online(.timestamp),
            offer: try keys.online(.offer))
        let (next, metadata) = try repository.publishing(
            targets: accepted,
            expiry: PublishedRepository.Expiry(
                snapshot: expiry.expiresSnapshot.end(from: now),
                timestamp: expiry.expiresTimestamp.end(from: now)),
            signers: online)
        // The timestamp comes last: it never names what is not there.
        try folder.add(file, as: signed.image.path.prefixed(by: signed.image.sha256))
        try folder.write(
            accepted.bytes,
            as: RoleName.targets.publishedName(
                version: next.targets.version, isConsistent: next.root.isConsistent))
        try folder.write(
            metadata.snapshot ?? [],
            as: RoleName.snapshot.publishedName(
                version: next.snapshot.version, isConsistent: next.root.isConsistent))
        try folder.write(metadata.timestamp ?? [], as: RoleName.timestamp.fileName)
    }

    private func publish(
        _ file: ImageFile, _ targets: [UInt8], to client: ManagementClient
    ) throws {
        if try !client.hasImage(file.sha256) {
            let handle = try FileHandle(forReadingFrom: URL(filePath: file.path))
            defer { try? handle.close() }
            try client.upload(file.sha256, length: file.length) { maximum in
                ((try? handle.read(upToCount: maximum)) ?? nil).map { Array($0) } ?? []
            }
        }
        let _: ListAnswer<ReleaseSummary> = try client.post("targets", targets)
    }
}

extension SignedImage {
    /// Whether a device would notice no difference, wherever the two lie.
    fileprivate func isSame(as other: SignedImage) -> Bool {
        image.sha256 == other.image.sha256 && release == other.release
            && hardware == other.hardware && from == other.from
            && mayDowngrade == other.mayDowngrade
    }
}
