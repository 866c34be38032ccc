public import Model
internal import Trust

/// Removes images that no release names any more.
///
/// An image stays while one of these holds; where one cannot be told, nothing is removed:
/// - metadata that some client may still hold to names it: the current version of every role, and
///   each older one for as long as a timestamp from before its successor is valid;
/// - metadata that waits for signatures beside the repository names it;
/// - the store knows it as an image that may be offered, or an open offer is for it;
/// - it came, or was replaced, less than the given age ago: its metadata may be on its way.
///
/// Publishing and collecting exclude each other by the repository's lock. Only published images are
/// ever offered, so what was not named while the lock was held is not offered afterwards.
public struct GarbageCollector: Sendable {
    private let store: any Store
    private let files: any RepositoryFiles
    private let images: any ImageStore
    private let limits: Limits

    /// What was removed, or would be.
    public struct Report: Hashable, Sendable {
        public var removed: [KeptImage] = []
        /// Parts of images that nobody went on with.
        public var fragmentCount = 0
        public var keptCount = 0

        public var removedBytes: Int64 { removed.reduce(0) { $0 + $1.length } }
    }

    /// How many images are removed before somebody else may publish.
    private static let batchCount = 100

    public init(
        store: any Store, files: any RepositoryFiles, images: any ImageStore, limits: Limits
    ) {
        self.store = store
        self.files = files
        self.images = images
        self.limits = limits
    }

    /// - Parameters:
    ///   - age: What is younger stays.
    ///   - isTrial: Whether nothing is removed.
    /// - Throws: ``Refusal``; ``StoreError/busy`` in it while somebody publishes.
    public func collect(
        olderThan age: Duration, isTrial: Bool, now: Instant
    ) async throws(Refusal) -> Report {
        let moment = now.advanced(by: .zero - age)
        var report = Report()
        do {
            let all = try await images.kept()
            let old = all.filter { $0.since < moment }
            for start in stride(from: 0, to: old.count, by: Self.batchCount) {
                let batch = old[start..<min(start + Self.batchCount, old.count)]
                report.removed += try await remove(batch, isTrial: isTrial, now: now)
            }
            report.keptCount = all.count - report.removed.count
            report.fragmentCount = try await images.removeFragments(
                before: moment, isTrial: isTrial)
        } catch { throw .wrapping(error) }
        return report
    }

    private func remove(
        _ batch: ArraySlice<KeptImage>, isTrial: Bool, now: Instant
    ) async throws -> [KeptImage] {
        let lock = try files.lock()
        defer { lock.release() }
        let named = try await named(now: now)
        let unnamed = batch.filter { !named.contains($0.sha256) }
        guard !isTrial else { return unnamed }
        for image in unnamed { try await images.remove(image) }
        return unnamed
    }

    /// The digests of all images that something still speaks of.
    private func named(now: Instant) async throws -> Set<Digest> {
        var named = try await store.read { store in
            let offerable = try store.images().map(\.image.sha256)
            return try Set(offerable + store.openOffers().map(\.image.sha256))
        }
        for name in Self.inForce(try files.metadataFiles(), now: now) {
            guard let bytes = try files.metadata(name) else {
                throw StoreError.failed("\(name) is gone")
            }
            named.formUnion(try digests(in: bytes, name))
        }
        for bytes in try files.waitingMetadata() {
            named.formUnion(try digests(in: bytes, "metadata that waits for signatures"))
        }
        return named
    }

    private func digests(in bytes: [UInt8], _ name: String) throws -> Set<Digest> {
        do {
            return try NamedDigests.all(in: bytes, limitBytes: 8 * limits.targetsBytes)
        } catch {
            throw Refusal.invalid("\(name) cannot be read, so nothing is removed: \(error)")
        }
    }

    /// The names of the files that some client may still go by.
    static func inForce(_ files: [MetadataFile], now: Instant) -> [String] {
        var byRole: [Substring: [(version: Int64, file: MetadataFile)]] = [:]
        for file in files {
            guard let dot = file.name.firstIndex(of: "."),
                let version = Int64(file.name[..<dot])
            else { continue }
            let role = file.name[file.name.index(after: dot)...]
            byRole[role, default: []].append((version, file))
        }
        let earliest = now.advanced(by: .zero - Publisher.timestampLifetime)
        return byRole.values.flatMap { versions in
            let sorted = versions.sorted { $0.version < $1.version }
            return sorted.indices.filter { index in
                index == sorted.count - 1 || sorted[index + 1].file.written >= earliest
            }.map { sorted[$0].file.name }
        }
    }
}
