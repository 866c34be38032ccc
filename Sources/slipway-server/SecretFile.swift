import Foundation

/// A file that nobody but its owner may read.
enum SecretFile {
    /// - Parameter absence: What is said when it cannot be read.
    static func read(_ path: String, orSay absence: String) throws(ServerProblem) -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .configuration(absence)
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        guard mode & 0o077 == 0 else {
            throw .configuration("\(path) can be read by others; chmod 600 it")
        }
        return data
    }
}
