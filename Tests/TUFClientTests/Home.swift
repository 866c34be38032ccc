import Foundation
import Model
import Testing
import Trust

/// The two folders of one client, in a folder of their own.
final class Home {
    let folder: URL
    var metadata: URL { folder.appending(path: "metadata") }
    var targets: URL { folder.appending(path: "targets") }

    /// In memory where there is such a place: the client syncs all that it keeps, a thousand times.
    private static let place: URL = {
        let memory = URL(filePath: "/dev/shm")
        return FileManager.default.isWritableFile(atPath: memory.path)
            ? memory : FileManager.default.temporaryDirectory
    }()

    /// Empty folders; as if `init` had not run yet.
    init() throws {
        folder = Self.place.appending(path: "slipway-\(UUID().uuidString)")
        for folder in [metadata, targets] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    /// A client that has refreshed from `repository`, and has the wanted target of its version.
    convenience init(trusting repository: Repository) throws {
        try self.init()
        for (name, bytes) in try repository.trusted() {
            try Data(bytes).write(to: metadata.appending(path: name))
        }
        let target = Repository.wanted(repository.version)
        try Data(target.content).write(to: targets.appending(path: target.storedName))
    }

    /// A client that knows nothing but the first root of `repository`.
    convenience init(knowing repository: Repository) throws {
        try self.init()
        let root = try #require(repository.files()["/metadata/1.root.json"])
        try Data(root).write(to: metadata.appending(path: "root.json"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: folder.appending(path: name))
    }

    func link(_ name: String, to destination: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: name).path, withDestinationPath: destination)
    }

    /// Everything in `folder`, hidden or not, by name.
    static func entries(of folder: URL) throws -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            entries[name] = try Entry(folder.appending(path: name).path)
        }
        return entries
    }

    /// What is trusted, without the note of when that was.
    func trusted() throws -> [String: Entry] {
        var entries = try Self.entries(of: metadata)
        entries["time-floor"] = nil
        return entries
    }

    /// When the last refresh succeeded; `nil` when none has.
    func timeFloor() -> Instant? {
        (try? String(contentsOf: metadata.appending(path: "time-floor"), encoding: .utf8))
            .flatMap { Instant($0) }
    }
}

/// What stands under one name of a folder.
enum Entry: Hashable, CustomStringConvertible {
    case file([UInt8])
    case link(String)
    case other(String)

    init(_ path: String) throws {
        let type = try FileManager.default.attributesOfItem(atPath: path)[.type]
        switch type as? FileAttributeType {
        case .typeRegular: self = .file(Array(try Data(contentsOf: URL(filePath: path))))
        case .typeSymbolicLink:
            self = .link(try FileManager.default.destinationOfSymbolicLink(atPath: path))
        default: self = .other("\(String(describing: type))")
        }
    }

    /// Short enough for a failed expectation.
    var description: String {
        switch self {
        case .file(let bytes): "\(bytes.count) bytes, \(hashing.sha256(bytes).hex.prefix(8))"
        case .link(let destination): "link to \(destination)"
        case .other(let type): type
        }
    }
}
