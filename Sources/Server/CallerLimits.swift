internal import Model
internal import Orchestrator
internal import Synchronization

/// Who may ask how often, in memory that is set beforehand.
///
/// What goes wrong is dear and what goes right is cheap. A stranger cannot use up what belongs to
/// somebody else: what fails in the name of a device is counted for that name *at that address*, and
/// what is counted for the device itself has its signature. Whoever has proven themselves at an
/// address before is heard there, however much goes wrong around them.
final class CallerLimits: Sendable {
    /// In whose name somebody asks.
    enum Caller: Hashable, Sendable {
        case device(DeviceID)
        /// The header that carries a token.
        case bearer(String)
    }

    private struct Books {
        var requests: RateTable?
        var failures: RateTable?
        var failuresOfCallers: RateTable?
        var checkIns: RateTable?
        /// When each caller who has proven themselves did so last.
        var proven = KeyedMoments(count: CallerLimits.provenCount)
    }

    private let books: Mutex<Books>
    /// Nanoseconds of a clock that is never set.
    private let now: @Sendable () -> Int64

    private static let bucketCount = 65_536
    private static let provenCount = 262_144

    init(_ limits: EdgeLimits, now: @escaping @Sendable () -> Int64) {
        func table(_ units: Int, per period: Duration) -> RateTable? {
            units == 0
                ? nil : RateTable(units: units, per: period, bucketCount: Self.bucketCount)
        }
        self.now = now
        books = Mutex(
            Books(
                requests: table(limits.addressRequestsPerSecond, per: .seconds(1)),
                failures: table(limits.addressFailuresPerMinute, per: .seconds(60)),
                failuresOfCallers: table(limits.deviceFailuresPerMinute, per: .seconds(60)),
                checkIns: table(limits.deviceCheckInsPerMinute, per: .seconds(60))))
    }

    // MARK: Questions

    /// Counts a request of anybody at `address`.
    ///
    /// - Throws: ``Refusal/tooMany(retryAfterSeconds:)``
    func admitRequest(from address: NetworkAddress) throws(Refusal) {
        let (now, key) = (now(), Self.key(address))
        let wait = books.withLock { books -> Int64? in
            if let wait = books.requests?.wait(key, at: now) { return wait }
            books.requests?.take(key, at: now)
            return nil
        }
        try Self.refuse(for: wait)
    }

    /// Whether too much has gone wrong at `address` for a caller who has not proven themselves there.
    ///
    /// - Throws: ``Refusal/tooMany(retryAfterSeconds:)``
    func admit(_ caller: Caller?, from address: NetworkAddress) throws(Refusal) {
        let now = now()
        let wait = books.withLock { books -> Int64? in
            if let caller, books.proven[Self.key(address, caller)] != nil { return nil }
            return books.failures?.wait(Self.key(address), at: now)
        }
        try Self.refuse(for: wait)
    }

    /// Whether a check-in in the name of `device` is worth the look at its signature.
    ///
    /// - Throws: ``Refusal/tooMany(retryAfterSeconds:)``
    func admitCheckIn(of device: DeviceID, from address: NetworkAddress) throws(Refusal) {
        try admit(.device(device), from: address)
        let now = now()
        let key = Self.key(address, .device(device))
        let wait = books.withLock { books -> Int64? in
            // Others at the same address can say its name; that must not keep out who has proven it.
            if books.proven[key] == nil,
                let wait = books.failuresOfCallers?.wait(key, at: now)
            {
                return wait
            }
            return books.checkIns?.wait(Self.key(nil, .device(device)), at: now)
        }
        try Self.refuse(for: wait)
    }

    // MARK: What came of it

    /// Somebody at `address` was not understood, or is not who they say.
    func noteFailure(at address: NetworkAddress) {
        let now = now()
        books.withLock { $0.failures?.take(Self.key(address), at: now) }
    }

    func noteFailure(of caller: Caller, at address: NetworkAddress) {
        let (now, key) = (now(), Self.key(address, caller))
        books.withLock { books in
            switch caller {
            // Others can say its name, and must not take its place from it by that.
            case .device: books.failuresOfCallers?.take(key, at: now)
            // Only who knows a token can show it: it was good once, and is not now.
            case .bearer: books.proven[key] = nil
            }
        }
    }

    /// `caller` has proven who they are.
    func noteProof(of caller: Caller, at address: NetworkAddress) {
        let now = now()
        books.withLock { books in
            books.proven[Self.key(address, caller)] = now
            switch caller {
            case .device: books.checkIns?.take(Self.key(nil, caller), at: now)
            case .bearer: break
            }
        }
    }

    // MARK: Keys

    /// Hashed with this process's own secret, so that nobody can choose two that meet.
    private static func key(_ address: NetworkAddress?, _ caller: Caller? = nil) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(address?.site)
        hasher.combine(caller)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Rounded up to seconds, so that who comes back then is heard.
    private static func refuse(for nanoseconds: Int64?) throws(Refusal) {
        guard let nanoseconds else { return }
        throw .tooMany(retryAfterSeconds: Int((nanoseconds + 999_999_999) / 1_000_000_000))
    }
}
