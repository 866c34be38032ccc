internal import ArgumentParser
import Foundation

/// The main job from beginning to end, on this machine.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the main job end to end on loopback, in a temporary folder.",
        discussion: """
            Makes a repository, publishes images, starts a server and simulated devices, rolls \
            out, breaks things on purpose, and checks every claim on the devices' own disks. \
            With KEEP=1 in the environment everything goes on running afterwards.
            """)

    @Option(help: "How many devices to simulate (6 to 99).")
    var devices = 24

    @Option(help: "The folder firmware-samples; found beside the package by default.")
    var samples: String?

    func validate() throws {
        guard (6...99).contains(devices) else {
            throw ValidationError("--devices takes 6 to 99")
        }
    }

    func run() throws {
        let world = try DemoWorld(samples: samplesFolder)
        let interruption = cleanUpWhenInterrupted(world)
        defer { interruption.forEach { $0.cancel() } }
        let story = DemoStory(world: world, deviceCount: devices)
        var failure: (any Error)?
        do { try story.tell() } catch { failure = error }

        let keeps = ProcessInfo.processInfo.environment["KEEP"] == "1"
        if keeps {
            tellHowToGoOn(world)
        } else {
            let isClean = world.cleanUp()
            story.step(8, "The end")
            story.ledger.note(
                8, "nothing is left behind", isClean ? "no process, no file" : "something is",
                holds: isClean)
        }
        say("\n\(story.ledger.table)\n")
        if let failure { say("The demonstration ended early: \(failure)") }
        guard failure == nil, story.ledger.holds(isKept: keeps) else { throw ExitCode(1) }
        say("All of it was observed.")
    }

    private var samplesFolder: URL {
        if let samples { return URL(filePath: samples) }
        // PACKAGE/.build/TRIPLE/debug/slipway, when it was built from the package.
        let own = Bundle.main.executableURL?.resolvingSymlinksInPath() ?? URL(filePath: "/")
        var folder = own.deletingLastPathComponent()
        while folder.path != "/" {
            let samples = folder.appending(path: "firmware-samples")
            if FileManager.default.fileExists(atPath: samples.path) { return samples }
            folder.deleteLastPathComponent()
        }
        return URL(filePath: "firmware-samples")
    }

    private func tellHowToGoOn(_ world: DemoWorld) {
        say(
            """

            Kept: \(world.folder.root.path)
              server   \(world.serverURL)
              use it   export SLIPWAY_SERVER=\(world.serverURL)
                       export SLIPWAY_TOKEN_FILE=\(world.folder.operatorToken.path)
              keys     \(world.folder.keys.path)
              end it   kill $(cat \(world.folder.pids.path)); rm -r \(world.folder.root.path)
            """)
    }

    /// Ctrl-C must not leave two dozen processes behind.
    private func cleanUpWhenInterrupted(_ world: DemoWorld) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            let pids = world.folder.pids
            let root = world.folder.root
            source.setEventHandler {
                let running = (try? String(contentsOf: pids, encoding: .utf8)) ?? ""
                for pid in running.split(separator: "\n").compactMap({ Int32($0) }) {
                    kill(pid, SIGTERM)
                }
                try? FileManager.default.removeItem(at: root)
                DemoCommand.exit(withError: ExitCode(128 + number))
            }
            source.resume()
            return source
        }
    }
}
