internal import ArgumentParser
import Foundation
internal import Model
internal import Trust
internal import Wire

/// Makes one file that carries an update to devices without a network.
struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Put an image and all its signed metadata into one file for offline devices.",
        discussion: """
            A device installs it with slipway-agent install FILE. It trusts nothing in it but what \
            its own root of trust vouches for, and takes it only while the repository's timestamp \
            is valid.
            """)

    @Argument(help: "The release's name.") var name: String
    @Argument(help: "The release's version.") var version: String
    @Option(help: "The hardware that the image is for.") var hardware: String
    @Option(help: "The repository: a folder or a URL.") var repo: String
    @Option(help: "The trusted root metadata; by default the repository's own 1.root.json.")
    var root: String?
    @Option(help: "The file to write, such as update.slip.") var out: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (release, model) = try words()
        let source = try RepositorySource(repo)
        let anchor = try root.map { path throws(SlipwayError) in try Self.read(path) }
        let published = try source.published(root: anchor)
        guard let image = published.image(of: release, for: model) else {
            throw SlipwayError.refused("the repository has no image of \(release) for \(model)")
        }
        let files = try metadata(for: image, in: source, root: anchor)
        let head = BundleHead(
            BundleManifest(
                release: image.release, image: image.image,
                files: files.map {
                    BundleManifest.File(name: $0.name, length: Int64($0.bytes.count))
                }))
        let isConsistent = published.root.isConsistent
        try BundleWriter(path: out).write(head.bytes + files.flatMap(\.bytes)) {
            receive throws(SlipwayError) in
            try source.image(image.image, isConsistent: isConsistent, receive: receive)
        }
        try tell(head)
    }

    private func words() throws(SlipwayError) -> (ReleaseID, HardwareModel) {
        guard let release = ReleaseID("\(name) \(version)") else {
            throw .badInput(
                path: "\(name) \(version)", problem: "it is not a release's name and version")
        }
        guard let model = HardwareModel(hardware) else {
            throw .badInput(path: "--hardware", problem: "\"\(hardware)\" is not a model's name")
        }
        return (release, model)
    }

    private static func read(_ path: String) throws(SlipwayError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        return Array(data)
    }

    /// Every file that a device asks for on its way to the image, under the name that it asks by.
    private func metadata(
        for image: SignedImage, in source: RepositorySource, root anchor: [UInt8]?
    ) throws(SlipwayError) -> [(name: String, bytes: [UInt8])] {
        var view = try source.refreshed(root: anchor, now: WritingTime.clock)
        guard let found = try view.find(image.image.path.text),
            (try? found.image()) == image
        else { throw .refused("a device does not find \(image.image.path) in the repository") }
        let trusted = view.trusted
        var files: [(name: String, bytes: [UInt8])] = []
        // A device may be as old as the first root.
        for version in 1...trusted.root.version {
            let name = RoleName.root.publishedName(version: version, isConsistent: true)
            let bytes = try source.metadata(name, limitBytes: Limits.standard.rootBytes)
            if let bytes { files.append((name, bytes)) }
        }
        let delegated = view.stored.delegated.keys.sorted { $0.text < $1.text }
        for role in [.timestamp, .snapshot, .targets] + delegated.map({ RoleName.delegated($0) }) {
            guard let bytes = view.stored[role] else { continue }
            let version =
                role == .snapshot
                ? trusted.timestamp?.snapshot.version : trusted.snapshot?[role]?.version
            files.append(
                (
                    role.publishedName(
                        version: version ?? 1, isConsistent: trusted.root.isConsistent), bytes
                ))
        }
        return files
    }

    private func tell(_ head: BundleHead) throws(SlipwayError) {
        let manifest = head.manifest
        guard !output.json else {
            return Output.json(manifest)
        }
        say("bundle    \(out), \(head.totalByteCount ?? 0) bytes")
        say("release   \(manifest.release)")
        say("image     \(manifest.image.path)")
        say("sha256    \(manifest.image.sha256)")
        say("metadata  \(manifest.files.map(\.name).joined(separator: ", "))")
    }
}

/// A file that appears whole or not at all.
private struct BundleWriter {
    let path: String

    /// - Parameter image: Hands on the bytes behind the head until it is told to stop.
    func write(
        _ head: [UInt8],
        image: (@escaping ([UInt8]) -> Bool) throws(SlipwayError) -> Void
    ) throws(SlipwayError) {
        let new = URL(filePath: "\(path).part")
        var problem: (any Error)?
        do {
            try Data().write(to: new)
            let handle = try FileHandle(forWritingTo: new)
            defer { try? handle.close() }
            try handle.write(contentsOf: head)
            try image { piece in
                do { try handle.write(contentsOf: piece) } catch {
                    problem = error
                    return false
                }
                return true
            }
            if let problem { throw problem }
            try handle.synchronize()
            // A bundle can be made again, so a moment with neither the old nor the new one is no loss.
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(at: new, to: URL(filePath: path))
        } catch {
            try? FileManager.default.removeItem(at: new)
            if let error = error as? SlipwayError { throw error }
            throw .cannotCreate(path: path, problem: error.localizedDescription)
        }
    }
}
