import Foundation
internal import Model
internal import Trust

/// Metadata that waits for signatures, each as the file that it will become.
struct StagedFolder {
    let folder: URL

    /// Everything that waits here; nothing when there is no such folder.
    func load() throws(SlipwayError) -> [StagedMetadata] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        var staged: [StagedMetadata] = []
        for name in names.sorted() where name.hasSuffix(Self.suffix) {
            let path = folder.appending(path: name).path
            guard let role = Self.role(ofFile: name) else { continue }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw .missing(path: path)
            }
            do {
                staged.append(
                    try StagedMetadata(parsing: Array(data), of: role, limits: .standard))
            } catch { throw .badInput(path: path, problem: "\(error)") }
        }
        return staged
    }

    func save(_ metadata: StagedMetadata) throws(SlipwayError) {
        try RepositoryFolder.makeDirectory(folder)
        let file = folder.appending(path: Self.name(of: metadata.role))
        do { try Data(metadata.bytes).write(to: file, options: .atomic) } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
    }

    /// One that is not there is gone already.
    func remove(_ role: RoleName) throws(SlipwayError) {
        let file = folder.appending(path: Self.name(of: role))
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        do { try FileManager.default.removeItem(at: file) } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
        // A folder in which nothing waits would only be in somebody's way.
        let rest = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        if rest == [] { try? FileManager.default.removeItem(at: folder) }
    }

    private static let suffix = ".json"

    private static func name(of role: RoleName) -> String { role.storedName }

    private static func role(ofFile name: String) -> RoleName? {
        guard let text = String(name.dropLast(suffix.count)).removingPercentEncoding else {
            return nil
        }
        return RoleName(text)
    }
}
