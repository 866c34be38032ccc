import Foundation
import Synchronization
import TestSupport
import Testing

/// Where in a download an attacker speaks, in the order in which the client asks.
enum Position: String, CaseIterable, Comparable, Sendable {
    case root, timestamp, snapshot, targets, delegated, target

    static let metadata = allCases.dropLast()

    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    static func < (left: Position, right: Position) -> Bool { left.number < right.number }

    /// The role that is asked for; the wanted target's file has none.
    var role: String? {
        switch self {
        case .root, .timestamp, .snapshot, .targets: rawValue
        case .delegated: "team"
        case .target: nil
        }
    }

    func path(in repository: Repository) -> String {
        role.map { repository.path(of: $0) }
            ?? repository.path(of: Repository.wanted(repository.version))
    }

    /// What a refusal has to name: the file, or the target.
    func name(in repository: Repository) -> String {
        role.map { repository.publishedName(of: $0) }
            ?? Repository.wanted(repository.version).path
    }
}

/// A client that trusts version 1, and a repository at version 2 whose answer at one position is
/// somebody else's.
struct Attack {
    let position: Position
    var repository: Repository
    var options: [String] = []

    init(at position: Position, listing: Repository.Listing = .lengthAndHash) throws {
        self.position = position
        repository = try Repository.version(2, listing)
    }

    /// One thing that an attacker tries.
    struct Attempt: Sendable {
        let name: String
        /// What the attacker makes of the honest bytes.
        let answer: @Sendable ([UInt8]) -> Reply
        /// What the refusal says, besides where.
        var words: [String] = []
    }

    /// Expects that the client refuses, that it keeps what it trusts, and that it recovers.
    func expectRefusal(
        _ words: [String] = [], at location: SourceLocation = #_sourceLocation,
        _ answer: @escaping @Sendable ([UInt8]) -> Reply
    ) throws {
        try expectRefusals(of: [Attempt(name: "", answer: answer, words: words)], at: location)
    }

    /// Expects the same of one attempt after the other on one client, which then recovers.
    func expectRefusals(
        of attempts: [Attempt], at location: SourceLocation = #_sourceLocation
    ) throws {
        let home = try Home(trusting: .version(1, repository.listing))
        let path = position.path(in: repository)
        let files = try repository.files()
        let honest = files[path] ?? []
        let reply = Mutex(Reply.text(""))
        let server = try LoopbackServer { request in
            request.target == path ? reply.withLock(\.self) : .file(request.target, of: files)
        }
        let trusted = try trusted()
        let targets = try Home.entries(of: home.targets)
        for attempt in attempts {
            reply.withLock { $0 = attempt.answer(honest) }
            let end = try home.download(Repository.wanted(2).path, from: server.url, options)

            let comment: Comment = "\(attempt.name): \(end.notes)"
            end.expectRefusal(attempt.words, comment, at: location)
            #expect(namesPosition(end.notes), comment, sourceLocation: location)
            #expect(try home.trusted() == trusted, comment, sourceLocation: location)
            let hasRefreshed = home.timeFloor() != nil
            #expect(hasRefreshed == (position >= .delegated), comment, sourceLocation: location)
            #expect(
                try Home.entries(of: home.targets) == targets, comment, sourceLocation: location)
        }
        try expectRecovery(of: home, at: location)
    }

    /// A URL has the name percent-encoded and, for a target, with the digest.
    private func namesPosition(_ text: String) -> Bool {
        text.contains(position.name(in: repository)) || text.contains(position.path(in: repository))
    }

    /// What is trusted of version 2 before the attacker speaks, and of version 1 from there on.
    func trusted() throws -> [String: Entry] {
        var trusted = try Repository.version(1, repository.listing).trusted()
        let new = try repository.trusted()
        for earlier in Position.metadata where earlier < position {
            guard let role = earlier.role else { continue }
            trusted["\(role).json"] = new["\(role).json"]
        }
        return trusted.mapValues { .file($0) }
    }

    /// Expects that an honest server of the same version is all that it takes.
    func expectRecovery(
        of home: Home, at location: SourceLocation = #_sourceLocation
    ) throws {
        let honest = try Repository.version(2, repository.listing)
        let server = try LoopbackServer(honest)

        let end = try home.download(Repository.wanted(2).path, from: server.url)

        end.expectSuccess(at: location)
        let trusted = try honest.trusted().mapValues { Entry.file($0) }
        #expect(try home.trusted() == trusted, sourceLocation: location)
        #expect(home.timeFloor() != nil, sourceLocation: location)
        let targets = [1, 2].map { Repository.wanted($0) }
        let entries = targets.map { ($0.storedName, Entry.file($0.content)) }
        #expect(
            try Home.entries(of: home.targets) == Dictionary(uniqueKeysWithValues: entries),
            sourceLocation: location)
    }
}

extension LoopbackServer {
    /// Serves `repository` as it should be served.
    convenience init(_ repository: Repository) throws {
        let files = try repository.files()
        try self.init { .file($0.target, of: files) }
    }
}

extension Reply {
    static func file(_ path: String, of files: [String: [UInt8]]) -> Reply {
        files[path].map { .ok($0) } ?? .status("404 Not Found")
    }
}
