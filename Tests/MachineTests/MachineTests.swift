import Foundation
import Testing

/// Emulated computers with real boot loaders and the release agent, against a real server.
///
/// One after another: an emulator takes a whole core.
@Suite(.serialized) struct MachineTests {
    /// `make test-machine` asks for everything; `make test` takes what shows that it still works.
    static let isComplete = ProcessInfo.processInfo.environment["SLIPWAY_MACHINE_TESTS"] == "all"

    /// The seed of everything random; another one each time, unless one is to be played again.
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["SLIPWAY_MACHINE_SEED"]
        return given.flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
    }()

    /// Prints a figure of a test, which nothing depends on.
    static func tell(_ words: String) { print("machine: \(words)") }

    /// What `body` takes, in seconds with one digit.
    static func seconds(_ body: () throws -> Void) rethrows -> String {
        let duration = try ContinuousClock().measure { try body() }
        return duration.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1)))
    }
}
