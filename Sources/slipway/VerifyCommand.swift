internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

/// Answers for one image: who signed it, for what, and does it match.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check an image against a repository, as a device would.",
        discussion: "Exit code 0 when a device may install it, 1 when it must not.")

    @Argument(help: "The image.") var image: String
    @Option(help: "The repository: a folder or a URL.") var repo: String
    @Option(help: "The trusted root metadata; by default the repository's own 1.root.json.")
    var root: String?
    @Option(help: "Check that it is for this hardware.") var hardware: String?
    @Option(help: "Check that it may follow this release, such as acme-gateway@2.4.1.")
    var running: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try ImageFile(image)
        let verdict = try verdict(on: file)
        if output.json {
            say(JSONValue.object(verdict.json(of: file)).prettyText)
        } else {
            verdict.tell(of: file)
        }
        guard verdict.problem == nil else { throw ExitCode(1) }
    }

    private func verdict(on file: ImageFile) throws(SlipwayError) -> Verdict {
        let device = try device()
        let source = try RepositorySource(repo)
        var view: ClientView
        let found: TrustedSet.Found?
        let image: SignedImage?
        let candidates: [SignedImage]
        do throws(SlipwayError) {
            let root = try anchor()
            view = try source.refreshed(root: root, now: WritingTime.clock)
            candidates = try source.published(root: root).images
            let match = candidates.first { $0.image.sha256 == file.sha256 }
            // The keeper's list only says where to look; what counts is what a device finds there.
            found = try match.flatMap { image throws(SlipwayError) in
                try view.find(image.image.path.text)
            }
            do { image = try found?.image() } catch { throw .refused("\(error)") }
        } catch {
            guard case .refused(let reason) = error else { throw error }
            return Verdict(image: nil, signers: [], threshold: 0, problem: reason)
        }
        let (signers, threshold) = view.signers(of: found?.role ?? .targets)
        guard let image, image.image.sha256 == file.sha256 else {
            return Verdict(
                image: nil, signers: signers, threshold: threshold,
                problem: difference(file, candidates))
        }
        var problem: String?
        if let hardware = device.hardware {
            let running = device.running
            let sameName = running.flatMap { $0.name == image.release.name ? $0.version : nil }
            let rank = sameName.map { version in
                ReleaseRank(
                    counter: candidates.first { $0.release == running }?.counter ?? 1,
                    version: version)
            }
            problem = image.refusal(by: hardware, running: running, newest: rank)
                .map { "the image is genuine, but \($0)" }
        }
        return Verdict(image: image, signers: signers, threshold: threshold, problem: problem)
    }

    private func anchor() throws(SlipwayError) -> [UInt8]? {
        guard let root else { return nil }
        guard let data = FileManager.default.contents(atPath: root) else {
            throw .missing(path: root)
        }
        return Array(data)
    }

    private func device() throws(SlipwayError) -> (hardware: HardwareModel?, running: ReleaseID?) {
        let model = hardware.flatMap { HardwareModel($0) }
        if let hardware, model == nil {
            throw .badInput(path: "--hardware", problem: "\"\(hardware)\" is not a model's name")
        }
        let release = running.flatMap { ReleaseID($0.replacingOccurrences(of: "@", with: " ")) }
        if let running, release == nil {
            throw .badInput(path: "--running", problem: "\"\(running)\" is not NAME@VERSION")
        }
        if release != nil, model == nil {
            throw .badInput(path: "--running", problem: "it needs --hardware beside it")
        }
        return (model, release)
    }

    /// What became of the bytes, going by the file's name.
    private func difference(_ file: ImageFile, _ images: [SignedImage]) -> String {
        let name = URL(filePath: file.path).lastPathComponent
        let namesake = images.filter { $0.image.path.text.hasSuffix("/\(name)") }
            .max { $0.release < $1.release }
        guard let namesake else {
            return "no signed image has SHA-256 \(file.sha256) or is called \(name)"
        }
        let signed = namesake.image
        let what =
            if file.length < signed.length {
                "it has \(file.length) of \(signed.length) bytes; it may be truncated"
            } else if file.length > signed.length {
                "it is \(file.length - signed.length) bytes longer; they may have been appended"
            } else {
                "some of its \(signed.length) bytes are others"
            }
        return "the image differs from the signed \(signed.path): \(what)"
    }
}

/// What `verify` found out.
private struct Verdict {
    let image: SignedImage?
    let signers: [KeyID]
    let threshold: Int
    /// Why a device must not install it; `nil` when nothing is wrong.
    let problem: String?

    func tell(of file: ImageFile) {
        say("image     \(file.path), \(file.length) bytes")
        say("sha256    \(file.sha256)")
        if let image {
            say("release   \(image.release)")
            say("hardware  \(image.hardware.sorted().map(\.text).joined(separator: ", "))")
            if !image.from.isEmpty {
                say("from      \(image.from.sorted().map(\.text).joined(separator: ", "))")
            }
        }
        for signer in signers { say("signed by key \(signer)") }
        if threshold > 0 { say("          \(signers.count) signed, \(threshold) must") }
        say(problem.map { "REFUSED   \($0)" } ?? "OK        the image matches what was signed")
    }

    func json(of file: ImageFile) -> JSONObject {
        JSONObject(present: [
            ("image", .string(file.path)), ("sha256", .string(file.sha256.hex)),
            ("length", .integer(file.length)), ("matches", .bool(problem == nil)),
            ("problem", problem.map { .string($0) }),
            ("release", image.map { .string("\($0.release)") }),
            ("target", image.map { .string($0.image.path.text) }),
            (
                "hardware",
                image.map { .array($0.hardware.sorted().map { .string($0.text) }) }
            ),
            ("signed_by", .array(signers.map { .string($0.text) })),
            ("threshold", .integer(Int64(threshold))),
        ])
    }
}
