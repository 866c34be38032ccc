internal import ArgumentParser
import Foundation
internal import Model
internal import Orchestrator
internal import Server
internal import Stores

/// `slipway-server gc`: removes what no release names; safe beside a server that runs.
struct CollectGarbage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove images that no release names.",
        discussion: """
            Takes the server's settings. An image stays while metadata that some device may still \
            go by names it, while an open offer is for it, and while it is younger than \
            --older-than. Servers may run meanwhile: publishing waits for a moment.
            """)

    @OptionGroup var serve: Serve
    @Flag(help: "Only tell what would be removed.") var dryRun = false
    @Option(help: "What is younger stays, such as 24h or 7d; at least 1h.")
    var olderThan = Age(hours: 24)

    mutating func run() async throws {
        let settings = try serve.settings()
        let folder = try DataFolder(settings.data, repository: settings.repository)
        do {
            let repository = try Repository(settings, folder.repository)
            let collector = GarbageCollector(
                store: try settings.openStore(in: folder), files: repository.directory,
                images: repository.images, limits: .standard)
            var report = try await collector.collect(
                olderThan: olderThan.duration, isTrial: dryRun,
                now: .now)
            report.fragmentCount += try repository.removeFragments(
                olderThan: olderThan.duration, isTrial: dryRun)
            tell(report)
        } catch Refusal.store(.busy) {
            throw ServerProblem.busy("somebody publishes; try again")
        } catch let error as StoreError {
            throw ServerProblem.data("\(error)")
        } catch let error as Refusal { throw ServerProblem.data("\(error)") }
    }

    private func tell(_ report: GarbageCollector.Report) {
        let verb = dryRun ? "would remove" : "removed"
        for image in report.removed {
            print("\(verb) \(image.place): \(image.length) bytes, since \(image.since)")
        }
        print(
            "\(verb) \(report.removed.count) images of \(report.removedBytes) bytes and"
                + " \(report.fragmentCount) unfinished ones; \(report.keptCount) images stay")
    }
}

/// A span of time, such as `24h` or `7d`.
struct Age: ExpressibleByArgument, CustomStringConvertible {
    let hours: Int64

    init(hours: Int64) { self.hours = hours }

    init?(argument: String) {
        let factor: Int64
        switch argument.last {
        case "h": factor = 1
        case "d": factor = 24
        case .some, .none: return nil
        }
        guard let number = Int64(argument.dropLast()), (1...87_600).contains(number) else {
            return nil
        }
        hours = number * factor
    }

    var duration: Duration { .seconds(hours * 3600) }
    var description: String { "\(hours)h" }
}
