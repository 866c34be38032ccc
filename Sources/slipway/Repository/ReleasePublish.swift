internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import Trust

struct ReleasePublish: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Sign an image and publish it.",
        discussion: """
            Repeating it changes nothing. To a folder (--repo) it signs with the online keys as \
            well; to a server (--server) only the targets keys are needed. Where more people must \
            sign, it waits for them: see `slipway repo sign`.
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
    @Option(
        help: """
            What the image is: raw (what a slot holds, byte for byte), raw+zstd and raw+xz (the same, \
            compressed), tar (unpacked into a directory) or installer (for another program). Without \
            it, raw.
            """)
    var format: Payload.Format?
    @Option(help: "The role that signs it: targets, or a delegated one.") var role = "targets"
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let length = try ImageFile.length(of: image)
        tellOfFormat()
        let workspace = try repository.open()
        let role = try TargetsRole.named(role, in: workspace)
        let release = try ReleaseName.release(name, version)
        let known = workspace.published.images.contains {
            $0.release == release && $0.image.length == length
        }
        // Whoever has no key hears of it before a large image is copied.
        var signers = try known ? nil : signers(workspace)
        let arrival = try ImageArrival(image, at: workspace.source, isKnown: known)
        let signed = try signedImage(arrival.image, release, in: workspace.published)
        if let same = workspace.published.images.first(where: { $0.isSame(as: signed) }) {
            return tell(same, "is already published")
        }
        if let refusal = workspace.published.refusal(of: signed) {
            throw SlipwayError.refused("\(refusal)")
        }
        if let waiting = workspace.round.waiting(insteadOf: signed) {
            throw SlipwayError.refused(
                "\(signed.release) already has an image that waits for signatures:"
                    + " \(waiting.image.path); see `slipway repo discard`")
        }
        if signers == nil { signers = try self.signers(workspace) }
        try arrival.complete(as: signed.image)
        workspace.brought.insert(signed.image)
        try workspace.change(
            role, .add(signed), expires: expiry.expiresTargets.end(from: WritingTime.now))
        try workspace.sign(signers ?? [])
        guard try workspace.publishComplete(expiry).contains(role) else {
            tell(signed, "waits for signatures")
            return StagedView(workspace).tell(output.json)
        }
        tell(signed, "is published")
    }

    private func signers(_ workspace: Workspace) throws(SlipwayError) -> [any Signer] {
        let named = try signing.signers(repository.passphrase.source)
        guard named.isEmpty else { return named }
        var signers: [any Signer] = []
        for source in workspace.targetsKeys {
            signers.append(try source.signer(repository.passphrase.source))
        }
        guard !signers.isEmpty else {
            throw .missing(path: "a targets key (name it by --key, or its folder by --keys)")
        }
        return signers
    }

    /// Compressed bytes in a slot boot nowhere, and nobody would notice before the devices do.
    private func tellOfFormat() {
        guard format == nil, let guess = Payload.Format.guess(image) else { return }
        let name = URL(filePath: image).lastPathComponent.visible
        FileHandle.standardError.write(
            Data(
                """
                slipway: \(name) is published as raw: devices put its very bytes into a slot. If it \
                is to be \(guess.rawValue), say so: --format \(guess.rawValue) (or --format raw, to \
                hear no more of this)

                """.utf8))
    }

    private func tell(_ signed: SignedImage, _ what: String) {
        let image = signed.image
        guard !output.json else {
            let models = signed.hardware.sorted().map { JSONValue.string($0.text) }
            return Output.json([
                "release": .string("\(signed.release)"), "path": .string(image.path.text),
                "sha256": .string(image.sha256.hex), "length": .integer(image.length),
                "hardware": .array(models), "format": .string(signed.payload.format.rawValue),
                "installed_size": .integer(signed.payload.installedLength),
                "installed_sha256": .string(signed.payload.installedSHA256.hex),
                "release_counter": .integer(signed.counter),
                "state": .string(what),
            ])
        }
        say("\(signed.release) \(what) for \(hardware.joined(separator: ", "))")
        say("  \(image.path), \(image.length) bytes, SHA-256 \(image.sha256)")
        let payload = signed.payload
        guard payload != .sameBytes(as: image) else { return }
        say("  format \(payload.format.rawValue)", terminator: "")
        guard payload.format.hasSignedContent else { return say("") }
        say(", installed \(payload.installedLength) bytes, SHA-256 \(payload.installedSHA256)")
    }

    private func signedImage(
        _ file: ImageFile, _ release: ReleaseID, in repository: PublishedRepository
    ) throws(SlipwayError) -> SignedImage {
        let fileName = URL(filePath: image).lastPathComponent
        let models = try values(hardware, of: "--hardware") { HardwareModel($0) }
        let versions = try values(from, of: "--from") { Version($0) }
        guard
            let path = Self.path(release, fileName, models, in: repository),
            let reference = ImageReference(path: path, sha256: file.sha256, length: file.length)
        else {
            throw .badInput(
                path: image, problem: "the file's name may hold only letters, digits and . _ : -")
        }
        let payload = try Payload(of: reference, in: image, format ?? .raw)
        do {
            return try SignedImage(
                reference, release: release, hardware: models, from: versions,
                counter: repository.counter(for: release, afterAll: allowDowngrade),
                payload: payload)
        } catch { throw .badInput(path: "--hardware", problem: "\(error)") }
    }

    /// Builds for several models often give their images one name: then the model tells them apart.
    private static func path(
        _ release: ReleaseID, _ fileName: String, _ models: Set<HardwareModel>,
        in repository: PublishedRepository
    ) -> TargetPath? {
        let folder = "\(release.name)/\(release.version)"
        let plain = TargetPath("\(folder)/\(fileName)")
        let taken = repository.images.first { $0.image.path == plain }
        guard let taken, let model = models.sorted().first,
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
}

/// An image on its way to where the metadata will name it, before anything names it.
private final class ImageArrival {
    let image: ImageFile
    private let source: RepositorySource
    /// In the repository, but under no name that anybody knows.
    private var copy: URL?

    /// - Parameter isKnown: Whether the image may be published already; then nothing is copied
    ///   before somebody asks for it.
    init(_ path: String, at source: RepositorySource, isKnown: Bool) throws(SlipwayError) {
        self.source = source
        if case .folder(let folder) = source, !isKnown {
            (image, copy) = try folder.receive(path)
        } else {
            image = try ImageFile(path)
        }
    }

    deinit {
        if let copy { try? FileManager.default.removeItem(at: copy) }
    }

    /// Puts the bytes where `reference` will be looked for.
    func complete(as reference: ImageReference) throws {
        switch source {
        case .folder(let folder):
            if copy == nil { try receive(in: folder) }
            guard let copy else { preconditionFailure("a received image has a copy") }
            try folder.place(copy, as: reference.path.prefixed(by: reference.sha256))
            self.copy = nil
        case .server(let client):
            guard try !client.hasImage(image.sha256) else { return }
            try ImageSender(
                client: client, path: image.path, digest: image.sha256, length: image.length
            ).send()
        case .url: preconditionFailure("images are published to folders and servers")
        }
    }

    private func receive(in folder: RepositoryFolder) throws(SlipwayError) {
        let received = try folder.receive(image.path)
        copy = received.copy
        guard received.image.sha256 == image.sha256 else {
            throw .badInput(path: image.path, problem: "it changed while it was published")
        }
    }
}

extension SignedImage {
    /// Whether a device would notice no difference, wherever the two lie.
    fileprivate func isSame(as other: SignedImage) -> Bool {
        image.sha256 == other.image.sha256 && release == other.release
            && hardware == other.hardware && from == other.from && counter >= other.counter
            && payload == other.payload
    }
}

extension ReleaseName {
    static func release(
        _ name: String, _ version: String
    ) throws(SlipwayError) -> ReleaseID {
        guard let releaseName = ReleaseName(name) else {
            throw .badInput(path: "--name", problem: "\"\(name)\" is not a name")
        }
        guard let releaseVersion = Version(version) else {
            throw .badInput(path: "--version", problem: "\"\(version)\" is not a version")
        }
        return ReleaseID(name: releaseName, version: releaseVersion)
    }
}

/// The role that a command's `--role` names.
enum TargetsRole {
    /// - Throws: ``SlipwayError`` for one that can list no targets.
    static func named(
        _ text: String, in workspace: Workspace
    ) throws(SlipwayError) -> RoleName {
        guard let role = RoleName(text) else {
            throw .badInput(path: "--role", problem: "\"\(text.visible)\" is no role's name")
        }
        switch role {
        case .targets: return role
        case .delegated:
            guard !workspace.round.signers(of: role).isEmpty else {
                throw .badInput(
                    path: "--role",
                    problem: "nothing is delegated to \(role); see `slipway repo delegate`")
            }
            return role
        case .root, .timestamp, .snapshot, .offer:
            throw .badInput(path: "--role", problem: "\(role) lists no targets")
        }
    }
}
