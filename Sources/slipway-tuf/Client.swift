internal import Agent
internal import Curl
internal import Model
internal import OpenSSL
internal import Slots
internal import Trust

/// The client workflow of TUF against one repository.
struct Client {
    private let folder: MetadataFolder
    private let base: String
    private let http: HTTPClient

    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    /// - Parameters:
    ///   - metadata: The URL of the folder with the repository's metadata.
    ///   - timeoutSeconds: How long a server may stall; `nil` for the usual patience.
    init(
        _ folder: MetadataFolder, metadata: String, timeoutSeconds: Int?
    ) throws(ClientError) {
        self.folder = folder
        base = Self.folder(metadata)
        var options = HTTPOptions.standard
        options.userAgent = "slipway-tuf"
        if let timeoutSeconds {
            options.connectTimeoutSeconds = timeoutSeconds
            options.stallTimeoutSeconds = timeoutSeconds
            options.wallTimeoutSeconds = 3 * timeoutSeconds
        }
        do { http = try HTTPClient(options: options) } catch {
            throw .repository(url: metadata, problem: "\(error)")
        }
    }

    private static func folder(_ url: String) -> String { url.hasSuffix("/") ? url : "\(url)/" }

    /// Brings the metadata of the four top-level roles up to date.
    func refresh() throws(ClientError) { _ = try refreshed() }

    /// Refreshes, then fetches each target in turn; the first that fails ends it.
    func download(_ downloads: Request.Downloads) throws(ClientError) {
        var refresh = try refreshed()
        do { try DurableFile.makeDirectory(downloads.folder) } catch { throw .file(error) }
        for target in downloads.targets {
            refresh.seek(target)
            try perform(&refresh)
            guard let found = refresh.found else { throw .noSuchTarget(target) }
            try fetch(
                target, found.file, isConsistent: refresh.trusted.root.isConsistent, downloads)
        }
    }

    private func refreshed() throws(ClientError) -> Refresh {
        var floor = try folder.timeFloor()
        let now = floor.now(clock: SystemClock().now)
        let stored = try folder.load()
        var refresh: Refresh
        do {
            refresh = try Refresh(
                stored: stored, now: now, cryptography: Self.cryptography, limits: .standard)
        } catch { throw .untrusted(error) }
        try perform(&refresh)
        floor.raise(to: now)
        try folder.write(floor)
        return refresh
    }

    /// Does what the refresh asks for until it has finished.
    private func perform(_ refresh: inout Refresh) throws(ClientError) {
        while true {
            switch refresh.next() {
            case .fetch(let name, let limitBytes):
                try receive(metadata(name, limitBytes: limitBytes), by: &refresh)
            case .recall(let role): try receive(folder.read(role), by: &refresh)
            case .store(let role, let bytes): try folder.write(bytes, of: role)
            case .forget(let role): try folder.write(nil, of: role)
            case .finished: return
            }
        }
    }

    private func receive(
        _ bytes: [UInt8]?, by refresh: inout Refresh
    ) throws(ClientError) {
        do { try refresh.receive(bytes) } catch { throw .untrusted(error) }
    }

    /// `nil` when the repository has no such file; any other answer may be anybody's.
    private func metadata(_ name: String, limitBytes: Int) throws(ClientError) -> [UInt8]? {
        let url = "\(base)\(URLPath.encode(name))"
        let answer: HTTPResponse
        do {
            answer = try http.send(
                HTTPRequest(method: .get, url: url), bodyLimitBytes: limitBytes)
        } catch { throw .repository(url: url, problem: error.accusation) }
        switch answer.status {
        case 200: return answer.body
        case 404: return nil
        default: throw .repository(url: url, problem: "the answer has status \(answer.status)")
        }
    }

    private func fetch(
        _ path: String, _ file: TargetFile, isConsistent: Bool, _ downloads: Request.Downloads
    ) throws(ClientError) {
        let name = URLPath.encode(path)
        if try isThere("\(downloads.folder)/\(name)", file) { return }
        guard let published = file.publishedPath(path, isConsistent: isConsistent) else {
            throw .target(path, .noKnownHash)
        }
        let url = Self.folder(downloads.base) + URLPath.encodeAll(published)
        var check = TargetCheck(file, hashing: Self.cryptography.hashing)
        var problem: ClientError?
        do {
            let new = try NewFile(in: downloads.folder)
            let end = try http.download(
                url: url, headers: [], from: 0, maximumBytes: file.length
            ) { bytes in
                do throws(TargetRefusal) { try check.update(bytes) } catch {
                    problem = .target(path, error)
                    return false
                }
                do throws(SlotError) { try new.write(bytes) } catch { problem = .file(error) }
                return problem == nil
            }
            if let problem { throw problem }
            guard case .complete = end else {
                throw ClientError.repository(url: url, problem: "\(end)")
            }
            try check.finish()
            try new.keep(as: name)
        } catch { throw ClientError(error, path, url) }
    }

    /// Whether the file holds the target already.
    private func isThere(_ path: String, _ file: TargetFile) throws(ClientError) -> Bool {
        var check = TargetCheck(file, hashing: Self.cryptography.hashing)
        var isSame = true
        do {
            let isThere = try DurableFile.forEachPiece(of: path) { bytes in
                if isSame { isSame = (try? check.update(bytes)) != nil }
                return isSame
            }
            return isThere && isSame && (try? check.finish()) != nil
        } catch { throw .file(error) }
    }
}

extension ClientError {
    /// The one vocabulary for everything that can go wrong with one target.
    fileprivate init(_ error: any Error, _ path: String, _ url: String) {
        self =
            switch error {
            case let error as ClientError: error
            case let error as SlotError: .file(error)
            case let error as TargetRefusal: .target(path, error)
            case HTTPError.tooLong(let limitBytes):
                .target(path, .tooLong(expected: limitBytes))
            case let error as HTTPError: .repository(url: url, problem: error.accusation)
            default: .repository(url: url, problem: "\(error)")
            }
    }
}

extension HTTPError {
    /// What went wrong, and the attack that it may be.
    fileprivate var accusation: String {
        switch self {
        case .tooLong: "\(self) (it may be an endless-data attack)"
        case .timedOut: "\(self) (it may be a slow-retrieval attack)"
        case .badURL, .unreachable, .network, .certificate, .library: "\(self)"
        }
    }
}
