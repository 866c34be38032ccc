import Model
import Trust

/// What a client can fetch from, by the names of the files.
protocol Served {
    var files: [String: [UInt8]] { get }
}

/// Performs the actions of a `Refresh` on a repository and writes down what they were.
struct Client {
    var stored: StoredMetadata
    /// Such as `fetch timestamp.json` and `store timestamp`.
    private(set) var log: [String] = []
    /// The limit of every fetch, by name.
    private(set) var limitBytes: [String: Int] = [:]
    var limits = Limits.tests
    /// After so many more actions the power goes off; `nil` for never.
    var actionsLeft: Int?
    /// The file that the last refusal named.
    private(set) var refusedFile: String?

    init(_ stored: StoredMetadata) { self.stored = stored }

    /// A device that left the factory with nothing but the first root of `repository`.
    init(new repository: some Served) {
        self.init(
            StoredMetadata(
                root: repository.files["1.root.json"] ?? [], timestamp: nil, snapshot: nil,
                targets: nil))
    }

    @discardableResult
    mutating func refresh(
        from repository: some Served, at moment: Instant = now
    ) throws -> TrustedSet {
        try self.refreshing(from: repository, at: moment).trusted
    }

    /// Refreshes; what is refused is thrown as the bare reason.
    mutating func refreshing(
        from repository: some Served, at moment: Instant = now
    ) throws -> Refresh {
        log = []
        do {
            var refresh = try Refresh(
                stored: stored, now: moment, cryptography: cryptography, limits: limits)
            try perform(&refresh, on: repository)
            return refresh
        } catch let refusal as MetadataRefusal {
            refusedFile = refusal.file
            throw refusal.reason
        }
    }

    /// Refreshes and looks for a target.
    mutating func find(
        _ path: String, in repository: some Served, at moment: Instant = now
    ) throws -> TrustedSet.Found? {
        var refresh = try refreshing(from: repository, at: moment)
        return try find(path, in: repository, with: &refresh)
    }

    /// Looks for a target after a refresh; the log begins anew.
    mutating func find(
        _ path: String, in repository: some Served, with refresh: inout Refresh
    ) throws -> TrustedSet.Found? {
        log = []
        refresh.seek(path)
        do { try perform(&refresh, on: repository) } catch let refusal as MetadataRefusal {
            refusedFile = refusal.file
            throw refusal.reason
        }
        return refresh.found
    }

    mutating func perform(_ refresh: inout Refresh, on repository: some Served) throws {
        // Far more than any refresh needs: a client that goes round in circles must fail.
        for _ in 0..<100 {
            let action = refresh.next()
            try spend(action)
            switch action {
            case .fetch(let name, let limitBytes):
                log.append("fetch \(name)")
                self.limitBytes[name] = limitBytes
                try refresh.receive(repository.files[name])
            case .recall(let role):
                log.append("recall \(role.text)")
                try refresh.receive(stored[role])
            case .store(let role, let bytes):
                log.append("store \(role.text)")
                stored[role] = bytes
            case .forget(let role):
                log.append("forget \(role.text)")
                stored[role] = nil
            case .finished: return
            }
        }
        throw EndlessRefresh()
    }

    private mutating func spend(_ action: Refresh.Action) throws {
        guard let left = actionsLeft, action != .finished else { return }
        guard left > 0 else { throw PowerCut() }
        actionsLeft = left - 1
    }

    struct EndlessRefresh: Error {}
    struct PowerCut: Error {}

    var fetches: [String] { log.filter { $0.hasPrefix("fetch ") }.map { String($0.dropFirst(6)) } }
}
