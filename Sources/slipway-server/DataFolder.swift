import Foundation
internal import Logging
internal import Model
internal import OpenSSL

/// The server's own folder: database, tokens, and the address that it listens on.
struct DataFolder: Sendable {
    let folder: URL
    let repository: URL

    var database: URL { URL(filePath: Self.database(in: folder.path)) }

    static func database(in folder: String) -> String {
        URL(filePath: folder).appending(path: "slipway.sqlite").path
    }

    init(_ data: String?, repository: String?) throws(ServerProblem) {
        guard let data else {
            throw .configuration("name the server's folder by --data (or data in the file)")
        }
        guard let repository else {
            throw .configuration("name the repository's folder by --repository")
        }
        folder = URL(filePath: data)
        self.repository = URL(filePath: repository)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch { throw .cannotCreate(path: data, problem: error.localizedDescription) }
    }

    /// The token by which every device may enrol; made, for the owner only, when it is not there.
    func sharedEnrolmentToken() throws(ServerProblem) -> String {
        if let token = try token(in: "enrolment-token") { return token }
        let token: String
        do { token = Hex.encode(try SecureRandom.bytes(32)) } catch { throw .data("\(error)") }
        try write(token, to: "enrolment-token")
        return token
    }

    /// The token in the file `name`; `nil` when there is no such file.
    func token(in name: String) throws(ServerProblem) -> String? {
        let file = folder.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.count >= 16 else {
            throw .data("\(file.path) holds no token; remove it to have one made")
        }
        return token
    }

    /// Writes a token to a file of its own, for the owner only.
    func write(_ token: String, to name: String) throws(ServerProblem) {
        let file = folder.appending(path: name)
        // Foundation sets a mode only afterwards, and somebody could read the token before that.
        let before = umask(0o077)
        defer { _ = umask(before) }
        do {
            try Data("\(token)\n".utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
        say("made \(file.path)")
    }

    /// Says one line on standard output at once, into a pipe too.
    ///
    /// Where nobody can be told, as on a full disk, the server goes on.
    func say(_ line: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// Tells where the server is, on standard output and in the file `address`.
    func announce(_ scheme: String, host: String, port: Int, logger: Logger) {
        let name = host.contains(":") ? "[\(host)]" : host
        let url = "\(scheme)://\(name):\(port)"
        do {
            try Data("\(url)\n".utf8).write(
                to: folder.appending(path: "address"), options: .atomic)
        } catch {
            logger.warning("address file", metadata: ["problem": "\(error)"])
        }
        say("slipway-server listens on \(url)")
    }
}
