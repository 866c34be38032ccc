import Foundation
import Testing

/// What a person with keys does, and what they see.
extension Slipway {
    static let rootKeys = "--key acme/keys/offline/root-1.pem --key acme/keys/offline/root-2.pem"
    static let targetsKey = "--key acme/keys/offline/targets.pem"

    func place(_ name: String) -> URL { folder.appending(path: name) }

    func data(_ name: String) throws -> Data { try Data(contentsOf: place(name)) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: place(name).path) }

    private static func words(_ line: String) -> [String] {
        line.split(separator: " ").map(String.init)
    }

    /// Runs `slipway` with the words of `line`, which must go well.
    @discardableResult
    func does(_ line: String, more: [String] = []) throws -> String {
        let end = try run(Self.words(line) + more)
        try #require(end.code == 0, "slipway \(line): \(end.errors)")
        return end.output
    }

    /// Expects one sentence that says `says`, and this exit code.
    func refuses(
        _ line: String, more: [String] = [], _ code: Int32, _ says: String,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let end = try run(Self.words(line) + more)
        #expect(end.code == code, "\(line): \(end.output)\(end.errors)", sourceLocation: location)
        #expect(end.errors.hasPrefix("slipway: "), "\(end.errors)", sourceLocation: location)
        #expect(end.errors.contains(says), "\(end.errors)", sourceLocation: location)
        let lines = end.errors.split(separator: "\n").count
        #expect(lines == 1, "\(end.errors)", sourceLocation: location)
    }

    /// Publishes `name`, whose bytes are `name version` unless it is told.
    @discardableResult
    func release(
        _ version: String, _ options: String, name: String = "gw", content: String? = nil
    ) throws -> End {
        let image = try file("\(name).img", content ?? "\(name) \(version)")
        return try run(
            Self.words(
                "release publish \(image) --name \(name) --version \(version) --hardware gw-2"
                    + " --repo acme \(options)"))
    }

    /// The key id of a key that lies anywhere.
    func keyID(_ key: String, _ options: String = "") throws -> String {
        struct Shown: Decodable { let key_id: String }
        let shown = try does("key show --json \(options)", more: [key])
        return try JSONDecoder().decode(Shown.self, from: Data(shown.utf8)).key_id
    }

    func status() throws -> RepositoryStatus {
        try JSONDecoder().decode(
            RepositoryStatus.self, from: Data(does("repo status --repo acme --json").utf8))
    }

    /// Every file below `name`, and its bytes.
    func files(_ name: String) throws -> [String: Data] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: place(name).path)) ?? []
        var files: [String: Data] = [:]
        for path in paths {
            var isFolder: ObjCBool = false
            let full = place("\(name)/\(path)").path
            if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                files[path] = try data("\(name)/\(path)")
            }
        }
        return files
    }

    /// Expects that `body` leaves repository and staged metadata as they are, to the byte.
    func changesNothing(
        at location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) throws {
        let before = try [files("acme/repository"), files("acme/staged")]
        try body()
        let after = try [files("acme/repository"), files("acme/staged")]
        #expect(after == before, sourceLocation: location)
    }

    func copy(_ from: String, to new: String) throws {
        try? FileManager.default.removeItem(at: place(new))
        try FileManager.default.copyItem(at: place(from), to: place(new))
    }
}

/// What `repo status --json` prints.
struct RepositoryStatus: Decodable {
    let roles: [Role]
    let staged: [Staged]

    struct Role: Decodable {
        let role: String
        let version: Int
        let due: Bool
        let signers: [Signers]

        struct Signers: Decodable {
            let threshold: Int
            let keys: [String]
        }
    }

    struct Staged: Decodable {
        let role: String
        let version: Int
        let current: Bool
        let signatures: [Progress]

        struct Progress: Decodable {
            let threshold: Int
            let missing: Int
            let signed: [String]
            let may_sign: [String]
        }
    }

    func role(_ name: String) throws -> Role { try #require(roles.first { $0.role == name }) }
    func staged(_ name: String) throws -> Staged { try #require(staged.first { $0.role == name }) }
    func version(_ name: String) throws -> Int { try role(name).version }

    /// How many signatures each side still wants, by the staged role.
    var missing: [String: [Int]] {
        Dictionary(uniqueKeysWithValues: staged.map { ($0.role, $0.signatures.map(\.missing)) })
    }
}
