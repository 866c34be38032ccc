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

    /// Who may operate the server, and by which token: `operator`, by the file `operator-token`, and
    /// everybody else by the file in `operators` that has their name.
    func operators() throws(ServerProblem) -> [OperatorName: String] {
        guard let first = OperatorName("operator") else { preconditionFailure("it is a name") }
        var tokens = [first: try token("operator-token")]
        let place = folder.appending(path: "operators").path
        for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [] {
            guard let known = OperatorName(name), known != first else {
                throw .data("\(place)/\(name) is not called as an operator can be")
            }
            tokens[known] = try token("operators/\(name)")
        }
        guard Set(tokens.values).count == tokens.count else {
            throw .data("two operators have the same token in \(folder.path)")
        }
        return tokens
    }

    /// The token in the file `name`; made, for the owner only, when it is not there.
    func token(_ name: String) throws(ServerProblem) -> String {
        let file = folder.appending(path: name)
        if let text = try? String(contentsOf: file, encoding: .utf8) {
            let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard token.utf8.count >= 16 else {
                throw .data("\(file.path) holds no token; remove it to have one made")
            }
            return token
        }
        let token: String
        do { token = Hex.encode(try SecureRandom.bytes(32)) } catch { throw .data("\(error)") }
        // Foundation sets a mode only afterwards, and somebody could read the token before that.
        let before = umask(0o077)
        defer { _ = umask(before) }
        do {
            try Data("\(token)\n".utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
        print("made \(file.path)")
        return token
    }

    /// Tells where the server is, on standard output and in the file `address`.
    func announce(host: String, port: Int, logger: Logger) {
        let name = host.contains(":") ? "[\(host)]" : host
        let url = "http://\(name):\(port)"
        do {
            try Data("\(url)\n".utf8).write(
                to: folder.appending(path: "address"), options: .atomic)
        } catch {
            logger.warning("address file", metadata: ["problem": "\(error)"])
        }
        FileHandle.standardOutput.write(Data("slipway-server listens on \(url)\n".utf8))
    }
}
