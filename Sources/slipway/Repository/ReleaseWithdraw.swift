internal import ArgumentParser
internal import JSON
internal import Model
internal import Trust

struct ReleaseWithdraw: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Let no device install a release any more.",
        discussion: """
            Devices that have not installed it refuse it from then on, whatever a server offers, \
            and rollouts that bring it end. The version stays taken. Repeating it changes nothing.
            """)

    @Argument(help: "The release's name.") var name: String
    @Argument(help: "The release's version.") var version: String
    @Option(help: "Only the image for this hardware model.") var hardware: String?
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let release = try ReleaseName.release(name, version)
        let workspace = try repository.open()
        let published = workspace.published
        let images = published.images.filter { image in
            image.release == release
                && hardware.map { model in image.hardware.contains { $0.text == model } } != false
        }
        guard !images.isEmpty else {
            guard published.withdrawn.contains(where: { $0.release == release }) else {
                throw SlipwayError.missing(path: "\(release) in the repository")
            }
            return tell(release, [], "is already withdrawn")
        }
        let signers = try signers(workspace)
        let byRole = Dictionary(grouping: images) { published.role(listing: $0) ?? .targets }
        let expires = expiry.expiresTargets.end(from: try WritingTime.now)
        for (role, images) in byRole {
            workspace.change(role, .withdraw(images), expires: expires)
        }
        try workspace.sign(signers)
        let done = try workspace.publishComplete(expiry)
        guard byRole.keys.allSatisfy(done.contains) else {
            tell(release, images, "waits for signatures")
            return StagedView(workspace).tell(output.json)
        }
        tell(release, images, "is withdrawn")
    }

    private func signers(_ workspace: Workspace) throws(SlipwayError) -> [any Signer] {
        let named = try signing.signers(repository.passphrase.source)
        guard named.isEmpty else { return named }
        var signers: [any Signer] = []
        for source in workspace.targetsKeys {
            signers.append(try source.signer(repository.passphrase.source))
        }
        return signers
    }

    private func tell(_ release: ReleaseID, _ images: [SignedImage], _ what: String) {
        guard !output.json else {
            return Output.json([
                "release": .string("\(release)"), "state": .string(what),
                "paths": .array(images.map { .string($0.image.path.text) }),
            ])
        }
        say("\(release) \(what)")
        for image in images { say("  \(image.image.path)") }
    }
}
