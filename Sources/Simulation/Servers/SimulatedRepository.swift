internal import Model
internal import Orchestrator
internal import Synchronization

/// The folder with metadata and images, which all servers share; what is in it is durable.
final class SimulatedRepository: Sendable {
    struct State {
        var metadata: [String: (bytes: [UInt8], written: Instant)] = [:]
        /// What each file was before, the oldest first, for those who replay it.
        var old: [String: [[UInt8]]] = [:]
        /// By the names under which devices find them.
        var images: [String: (bytes: [UInt8], image: ImageReference, since: Instant)] = [:]
        var staged: [Digest: [UInt8]] = [:]
        /// Files on their way in.
        var arriving: [String: [UInt8]] = [:]
        var arrivalCount = 0
        var isLocked = false
    }

    let clock: SimulatedClock
    private let state = Mutex(State())

    init(_ clock: SimulatedClock) { self.clock = clock }

    func with<Answer>(_ body: (inout State) -> sending Answer) -> sending Answer {
        state.withLock(body)
    }

    func metadata(_ name: String) -> [UInt8]? { with { $0.metadata[name]?.bytes } }

    func put(_ name: String, _ bytes: [UInt8]) {
        let now = clock.now
        with { state in
            if let before = state.metadata[name]?.bytes {
                state.old[name, default: []].append(before)
            }
            state.metadata[name] = (bytes, now)
        }
    }

    /// The files of `metadata`.
    var names: [String] { with { $0.metadata.keys.sorted() } }

    func old(_ name: String) -> [[UInt8]] { with { $0.old[name] ?? [] } }

    /// What devices find under `path`.
    func image(_ path: String) -> [UInt8]? { with { $0.images[path]?.bytes } }
}

extension ImageReference {
    /// What it is called where devices fetch it.
    var publishedName: String { path.prefixed(by: sha256) }
}

/// The folder as one server process works with it.
struct RepositoryHandle: RepositoryFiles, ImageStore, UploadSpool {
    let repository: SimulatedRepository
    let life: ServerLife

    // MARK: Metadata

    func lock() throws(StoreError) -> any RepositoryLock {
        let isFree = repository.with { state in
            defer { state.isLocked = true }
            return !state.isLocked
        }
        guard isFree else { throw .busy }
        return Lock(repository: repository)
    }

    private struct Lock: RepositoryLock {
        let repository: SimulatedRepository
        func release() { repository.with { $0.isLocked = false } }
    }

    func metadata(_ name: String) throws(StoreError) -> [UInt8]? { repository.metadata(name) }

    func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
        try write { repository.put(name, bytes) }
    }

    func metadataFiles() throws(StoreError) -> [MetadataFile] {
        let files = repository.with { $0.metadata.mapValues(\.written) }
        return files.keys.sorted().map {
            MetadataFile(name: $0, written: files[$0] ?? repository.clock.now)
        }
    }

    func waitingMetadata() throws(StoreError) -> [[UInt8]] { [] }

    /// What is written is there whole or not at all.
    private func write(_ effect: () -> Void) throws(StoreError) {
        switch try life.beginWrite() {
        case nil: effect()
        case .before, .inside: throw .full
        case .after:
            effect()
            throw .full
        }
    }

    // MARK: Images

    func holds(_ image: ImageReference) async throws(StoreError) -> Bool {
        repository.image(image.publishedName)?.count == Int(image.length)
    }

    func stagedLength(of digest: Digest) async throws(StoreError) -> Int64? {
        repository.with { $0.staged[digest].map { Int64($0.count) } }
    }

    func stage(_ digest: Digest, from path: String) async throws(StoreError) {
        try write {
            repository.with { $0.staged[digest] = $0.arriving.removeValue(forKey: path) }
        }
    }

    func publishStaged(_ image: ImageReference) async throws(StoreError) {
        let now = repository.clock.now
        try write {
            repository.with { state in
                guard let bytes = state.staged.removeValue(forKey: image.sha256) else { return }
                state.images[image.publishedName] = (bytes, image, now)
            }
        }
    }

    func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) async throws(StoreError) {
        let now = repository.clock.now
        try write {
            repository.with { state in
                guard let bytes = state.images[twin.publishedName]?.bytes else { return }
                state.images[image.publishedName] = (bytes, image, now)
            }
        }
    }

    var isElsewhere: Bool { false }

    func link(to image: ImageReference) async throws(StoreError) -> String? { nil }

    func kept() async throws(StoreError) -> [KeptImage] {
        let images = repository.with { $0.images }
        return images.keys.sorted().compactMap { name in
            images[name].map {
                KeptImage(
                    place: name, sha256: $0.image.sha256, length: Int64($0.bytes.count),
                    since: $0.since)
            }
        }
    }

    func remove(_ image: KeptImage) async throws(StoreError) {
        try write { repository.with { $0.images[image.place] = nil } }
    }

    func removeFragments(before moment: Instant, isTrial: Bool) async throws(StoreError) -> Int {
        0
    }

    // MARK: Uploads

    /// Publishers of the simulation send an image in one go; there is nothing to go on with.
    func uploads() throws(StoreError) -> [SpooledUpload] { [] }
    func upload(of digest: Digest) throws(StoreError) -> UploadID? { nil }
    func create(_ upload: UploadID) throws(StoreError) { throw .failed("nobody uploads in pieces") }
    func remove(_ upload: UploadID) throws(StoreError) {}
    func open(_ upload: UploadID) throws(StoreError) -> any UploadFile {
        throw .failed("nobody uploads in pieces")
    }

    func beginUpload(of digest: Digest) throws(StoreError) -> any ImageUpload {
        let number = repository.with { state in
            state.arrivalCount += 1
            return state.arrivalCount
        }
        return ArrivingImage(path: "/incoming/\(number)", handle: self)
    }

    private final class ArrivingImage: ImageUpload {
        private let path: String
        private let handle: RepositoryHandle
        private var bytes: [UInt8] = []

        init(path: String, handle: RepositoryHandle) {
            self.path = path
            self.handle = handle
        }

        func append(_ bytes: [UInt8]) throws(StoreError) { self.bytes += bytes }

        func finish() throws(StoreError) -> String {
            let (path, bytes) = (path, bytes)
            try handle.write { handle.repository.with { $0.arriving[path] = bytes } }
            return path
        }
    }
}
