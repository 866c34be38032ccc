import Foundation
internal import Curl
internal import Model
internal import OpenSSL
internal import Trust

/// Where a repository is read from: a folder, or a URL with `metadata/` below it.
enum RepositorySource {
    case folder(RepositoryFolder)
    case server(ManagementClient)
    case url(String)

    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    /// A text is a URL when it says so, and a folder otherwise.
    init(_ text: String) throws(SlipwayError) {
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            let url = text.hasSuffix("/") ? String(text.dropLast()) : text
            // A server's own address is as good as that of the repository on it.
            let root = try RepositorySource.url(url).metadata("1.root.json", limitBytes: 512_000)
            self = .url(root == nil ? "\(url)/repository" : url)
        } else {
            self = .folder(try RepositoryFolder(existing: text))
        }
    }

    /// The metadata file `name`, which is not percent-encoded; `nil` when there is none.
    func metadata(_ name: String, limitBytes: Int) throws(SlipwayError) -> [UInt8]? {
        switch self {
        case .folder(let folder): return try folder.metadata(name, limitBytes: limitBytes)
        case .server(let client): return try client.metadata(name, limitBytes: limitBytes)
        case .url(let url):
            let answer: HTTPResponse
            do {
                answer = try HTTPClient(options: .standard).send(
                    HTTPRequest(method: .get, url: "\(url)/metadata/\(URLPath.encode(name))"),
                    bodyLimitBytes: limitBytes)
            } catch {
                if case .tooLong = error {
                    throw .refused("\(name): \(error) (it may be an endless-data attack)")
                }
                throw .unreachable(server: url, problem: "\(error)")
            }
            switch answer.status {
            case 200: return answer.body
            case 404: return nil
            default: throw .unreachable(server: url, problem: "it answered \(answer.status)")
            }
        }
    }

    /// The repository for whoever keeps it, to whom it may be stale.
    ///
    /// - Parameter root: What is trusted beforehand; `nil` takes the first root at its word.
    func published(root: [UInt8]?) throws(SlipwayError) -> PublishedRepository {
        let anchor = try anchor(root)
        do {
            return try PublishedRepository(
                startingAt: anchor, cryptography: Self.cryptography, limits: .standard
            ) { try metadata($0, limitBytes: $1) }
        } catch let error as SlipwayError { throw error } catch { throw .refused("\(error)") }
    }

    private func anchor(_ root: [UInt8]?) throws(SlipwayError) -> [UInt8] {
        if let root { return root }
        let first = try metadata("1.root.json", limitBytes: Limits.standard.rootBytes)
        guard let first else { throw .refused("there is no 1.root.json") }
        return first
    }

    /// The repository as a device sees it, refreshed; the caller goes on to look for targets.
    func refreshed(root: [UInt8]?, now: Instant) throws(SlipwayError) -> ClientView {
        try ClientView(self, root: anchor(root), now: now)
    }
}

/// A repository as it was read and checked, piece by piece, as a client does it.
struct ClientView {
    private var refresh: Refresh
    private(set) var stored: StoredMetadata
    private let source: RepositorySource

    init(_ source: RepositorySource, root: [UInt8], now: Instant) throws(SlipwayError) {
        self.source = source
        stored = StoredMetadata(root: root)
        do {
            refresh = try Refresh(
                stored: stored, now: now, cryptography: RepositorySource.cryptography,
                limits: .standard)
        } catch { throw .refused("\(error)") }
        try perform()
    }

    var trusted: TrustedSet { refresh.trusted }

    /// Those of the role's keys that really signed, and how many must.
    func signers(of role: RoleName) -> (signed: [KeyID], threshold: Int) {
        guard let progress = refresh.trusted.signatures(of: role, in: stored[role] ?? []) else {
            return ([], 0)
        }
        return (progress.signed, progress.threshold)
    }

    /// The target as a device would find it.
    mutating func find(_ path: String) throws(SlipwayError) -> TrustedSet.Found? {
        refresh.seek(path)
        try perform()
        return refresh.found
    }

    private mutating func perform() throws(SlipwayError) {
        do {
            while true {
                switch refresh.next() {
                case .fetch(let name, let limitBytes):
                    try refresh.receive(source.metadata(name, limitBytes: limitBytes))
                case .recall(let role): try refresh.receive(stored[role])
                case .store(let role, let bytes): stored[role] = bytes
                case .forget: continue
                case .finished: return
                }
            }
        } catch let error as SlipwayError { throw error } catch { throw .refused("\(error)") }
    }
}
