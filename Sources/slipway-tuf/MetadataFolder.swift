internal import Agent
internal import JSON
internal import Model
internal import Slots
internal import Trust

/// The trusted metadata of one repository: a file for each role, as it was received.
struct MetadataFolder {
    let path: String

    /// Trusts the root metadata in `file`, in place of whatever was trusted before.
    func begin(withRoot rootFile: String) throws(ClientError) {
        do throws(SlotError) {
            guard let bytes = try DurableFile.read(rootFile) else {
                throw SlotError.missing(path: rootFile)
            }
            try DurableFile.makeDirectory(path)
            try DurableFile.replace(file(of: .root), with: bytes, permissions: 0o644)
        } catch { throw .file(error) }
    }

    /// - Throws: ``ClientError`` when there is no root, or a file cannot be read.
    func load() throws(ClientError) -> StoredMetadata {
        guard let root = try read(.root) else { throw .noRoot(path) }
        return StoredMetadata(
            root: root, timestamp: try read(.timestamp), snapshot: try read(.snapshot),
            targets: try read(.targets))
    }

    func read(_ role: RoleName) throws(ClientError) -> [UInt8]? {
        do { return try DurableFile.read(file(of: role)) } catch {
            // What is damaged beyond reading is fetched again; only root is nobody's to replace.
            if case .malformed = error, role != .root { return nil }
            throw .file(error)
        }
    }

    func write(_ bytes: [UInt8]?, of role: RoleName) throws(ClientError) {
        do {
            if let bytes {
                try DurableFile.replace(file(of: role), with: bytes, permissions: 0o644)
            } else {
                try DurableFile.remove(file(of: role))
            }
        } catch { throw .file(error) }
    }

    /// The moment before which it certainly is not; a damaged note counts as none.
    func timeFloor() throws(ClientError) -> TimeFloor {
        let bytes: [UInt8]?
        do { bytes = try DurableFile.read(timeFloorFile) } catch { throw .file(error) }
        let text = String(decoding: bytes ?? [], as: UTF8.self)
        return TimeFloor(earliest: Instant(text) ?? Instant(secondsSinceEpoch: 0))
    }

    func write(_ floor: TimeFloor) throws(ClientError) {
        do {
            try DurableFile.replace(
                timeFloorFile, with: Array("\(floor.earliest)".utf8), permissions: 0o644)
        } catch { throw .file(error) }
    }

    private func file(of role: RoleName) -> String { "\(path)/\(role.storedName)" }
    /// Not called `.json`: it is no metadata.
    private var timeFloorFile: String { "\(path)/time-floor" }
}

/// Why the client could not do what it was asked to.
enum ClientError: Error, CustomStringConvertible {
    case file(SlotError)
    case noRoot(String)
    case untrusted(MetadataRefusal)
    /// The repository could not be asked, or answered neither with a file nor with "not found".
    case repository(url: String, problem: String)
    case noSuchTarget(String)
    case target(String, TargetRefusal)

    var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .noRoot(let path): "\(path) holds no root.json; `init` puts it there"
        case .untrusted(let refusal): "\(refusal)"
        case .repository(let url, let problem): "\(url): \(problem)"
        case .noSuchTarget(let path):
            "no trusted role lists the target \(JSONString(path).quoted)"
        case .target(let path, let refusal): "\(JSONString(path).quoted): \(refusal)"
        }
    }
}
