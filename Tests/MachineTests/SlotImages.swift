import Foundation

/// The images that machines install, made once for a state of the agent and the scripts.
struct SlotImages {
    /// What an image does when it is booted.
    enum Version: String, CaseIterable {
        /// What the machines come with.
        case factory = "1.0.0"
        case good = "2.0.0"
        case panics = "3.0.0"
        case hangs = "4.0.0"
        case unhealthy = "5.0.0"
    }

    let folder: URL

    private static let made = Result { try make() }

    /// - Throws: ``MachineError`` when there is no agent or they cannot be made.
    init() throws { folder = try Self.made.get() }

    private static func make() throws -> URL {
        guard FileManager.default.fileExists(atPath: Tools.agent.path) else {
            throw MachineError("\(Tools.agent.path) is missing: `make agent` builds it")
        }
        var words = ""
        let time = try MachineTests.seconds {
            words = try Tools.run(
                Tools.imageScripts.appending(path: "make-slots"),
                [Tools.agent.path, Tools.cache.path])
        }
        MachineTests.tell("images made or found in \(time)")
        guard let path = words.split(separator: "\n").last else {
            throw MachineError("make-slots printed nothing")
        }
        return URL(filePath: String(path))
    }

    func file(_ version: Version) -> URL { folder.appending(path: "slot-\(version.rawValue).ext4") }
}
