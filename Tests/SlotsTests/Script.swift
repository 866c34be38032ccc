import Foundation

extension TemporaryFolder {
    /// Writes a shell script that can be run.
    ///
    /// Another process writes it: what a program of another test inherits of our open files, in the
    /// moment that it starts, would make this script too busy to be run.
    @discardableResult
    func script(_ text: String, to name: String, permissions: Int = 0o755) throws -> String {
        let path = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path,
            withIntermediateDirectories: true)
        let written = try run(
            "/bin/sh", "-c", "printf '%s' \"$2\" >\"$1\"", "sh", path, "#!/bin/sh\n\(text)\n")
        guard written.status == 0 else { throw CocoaError(.fileWriteUnknown) }
        try setPermissions(permissions, of: name)
        return path
    }

    func setPermissions(_ permissions: Int, of name: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: permissions], ofItemAtPath: "\(path)/\(name)")
    }

    /// Sets when the file was changed, in seconds since 1970.
    func touch(_ name: String, at seconds: Int64) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: TimeInterval(seconds))],
            ofItemAtPath: "\(path)/\(name)")
    }
}
