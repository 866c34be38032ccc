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

    func metadata(_ name: String, limitBytes: Int) throws(SlipwayError) -> [UInt8]? {
        switch self {
        case .folder(let folder): return try folder.metadata(name, limitBytes: limitBytes)
        case .server(let client): return try client.metadata(name, limitBytes: limitBytes)
        case .url(let url):
            let answer: HTTPResponse
            do {
                answer = try HTTPClient(options: .standard).send(
                    HTTPRequest(
                        method: .get, url: "\(url)/metadata/\(URLPath.encode(name))", headers: [],
                        body: []),
                    bodyLimitBytes: limitBytes)
            } catch { throw .unreachable(server: url, problem: "\(error)") }
            switch answer.status {
            case 200: return answer.body
            case 404: return nil
            default: throw .unreachable(server: url, problem: "it answered \(answer.status)")
            }
        }
    }
}

/// A repository as it was read and checked, piece by piece, as a client does it.
struct CheckedRepository {
    let trusted: TrustedSet
    let stored: StoredMetadata

    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    /// - Parameters:
    ///   - root: What is trusted beforehand; `nil` takes the source's first root at its word.
    ///   - now: What counts as now; nothing has expired at the beginning of time.
    init(
        _ source: RepositorySource, root: [UInt8]?, now: Instant
    ) throws(SlipwayError) {
        let first = try source.metadata("1.root.json", limitBytes: Limits.standard.rootBytes)
        guard let anchor = root ?? first else { throw .refused("there is no 1.root.json") }
        var stored = StoredMetadata(root: anchor, timestamp: nil, snapshot: nil, targets: nil)
        do {
            var refresh = try Refresh(
                stored: stored, now: now, cryptography: Self.cryptography, limits: .standard)
            reading: while true {
                switch refresh.next() {
                case .fetch(let name, let limitBytes):
                    try refresh.receive(source.metadata(name, limitBytes: limitBytes))
                case .store(let role, let bytes): stored.keep(bytes, of: role)
                case .forget: continue
                case .finished: break reading
                }
            }
            trusted = refresh.trusted
            self.stored = stored
        } catch let error as SlipwayError { throw error } catch { throw .refused("\(error)") }
    }

    /// For whoever keeps the repository, to whom it may be stale.
    static func published(
        _ source: RepositorySource, root: [UInt8]?
    ) throws(SlipwayError) -> PublishedRepository {
        let checked = try CheckedRepository(
            source, root: root, now: Instant(secondsSinceEpoch: .min))
        do {
            return try PublishedRepository(
                checked.stored, cryptography: cryptography, limits: .standard)
        } catch { throw .refused("\(error)") }
    }
}
