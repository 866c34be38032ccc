/// A repository that is served by mirrors, in the order in which they are to be asked, and by the
/// server itself, which is asked last and whose word is final.
///
/// Mirrors need not be trusted: what they give is checked like everything else, and a mirror that
/// fails or gives wrong bytes is left alone for a while.
public final class MirroredRepository: UpdateSource {
    /// Where files may come from.
    public struct Place {
        /// For a person, such as a URL.
        public let name: String
        /// What answers there.
        public let source: any UpdateSource

        /// One mirror, or the server.
        public init(name: String, source: any UpdateSource) {
            self.name = name
            self.source = source
        }
    }

    /// Who gave bytes of one image since its first byte.
    private struct Givers {
        let path: String
        var places: Set<Int> = []
    }

    /// The mirrors, then the server.
    private let places: [Place]
    private let server: Int
    private let clock: any AgentClock
    /// Told of each mirror that fails, one sentence for a person.
    private let note: (String) -> Void
    private var memory: MirrorMemory
    private var imageGivers = Givers(path: "")
    private var metadataGiver: Int?

    /// - Parameters:
    ///   - mirrors: In the order in which they are to be asked.
    ///   - server: Asked last; its word is final.
    ///   - clock: Tells how long a mirror is left alone.
    ///   - note: Told of each mirror that fails, one sentence for a person.
    public init(
        mirrors: [Place], server: Place, clock: any AgentClock,
        note: @escaping (String) -> Void
    ) {
        places = mirrors + [server]
        self.server = mirrors.count
        self.clock = clock
        self.note = note
        memory = MirrorMemory(mirrorCount: mirrors.count)
    }

    // MARK: Metadata

    /// Mirrors are asked only for files whose names say their version: which version is the newest
    /// they may not know yet, and an old answer would look like an attack.
    public func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        metadataGiver = nil
        if Self.isTheSameEverywhere(name) {
            for mirror in memory.worthAsking(at: clock.uptime) {
                if let bytes = metadata(name, limitBytes: limitBytes, of: mirror) { return bytes }
            }
        }
        return try places[server].source.metadata(name, limitBytes: limitBytes)
    }

    private func metadata(_ name: String, limitBytes: Int, of mirror: Int) -> [UInt8]? {
        do throws(TransportError) {
            let bytes = try places[mirror].source.metadata(name, limitBytes: limitBytes)
            guard let bytes else {
                failed(mirror, "it does not have \(name)")
                return nil
            }
            metadataGiver = mirror
            memory.succeeded(mirror)
            return bytes
        } catch {
            failed(mirror, "\(error)")
            return nil
        }
    }

    /// Whether `name` is `VERSION.ROLE.json` of any role but root, whose newest version is found by
    /// asking until there is none.
    private static func isTheSameEverywhere(_ name: String) -> Bool {
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex,
            name[..<dot].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return false }
        let role = name[name.index(after: dot)...]
        return role != "root.json" && role.contains(".")
    }

    // MARK: Images

    /// What one mirror has begun another one goes on with; the digest tells at the end.
    public func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        if offset == 0 || imageGivers.path != path { imageGivers = Givers(path: path) }
        let end = offset + maximumBytes
        var position = offset
        let before = memory
        for mirror in memory.worthAsking(at: clock.uptime) {
            let outcome = image(path, of: mirror, from: &position, to: end, receive)
            if case .success(.stopped) = outcome { return .stopped }
            if position == end {
                memory.succeeded(mirror)
                return .complete
            }
            failed(mirror, Self.reason(outcome))
        }
        let outcome = image(path, of: server, from: &position, to: end, receive)
        if case .success(.stopped) = outcome { return .stopped }
        guard position < end else { return .complete }
        // Where nobody can be reached it is this device's network that fails, not the mirrors.
        if case .failure(.unreachable) = outcome { memory = before }
        return try outcome.get()
    }

    private func image(
        _ path: String, of place: Int, from position: inout Int64, to end: Int64,
        _ receive: ([UInt8]) -> Bool
    ) -> Result<ImageEnd, TransportError> {
        let start = position
        var count: Int64 = 0
        defer {
            position += count
            if count > 0 { imageGivers.places.insert(place) }
        }
        do throws(TransportError) {
            return .success(
                try places[place].source.image(path, from: start, maximumBytes: end - start) {
                    count += Int64($0.count)
                    return receive($0)
                })
        } catch { return .failure(error) }
    }

    private func failed(_ mirror: Int, _ reason: String) {
        note("\(places[mirror].name): \(reason)")
        memory.failed(mirror, at: clock.uptime)
    }

    private static func reason(_ outcome: Result<ImageEnd, TransportError>) -> String {
        switch outcome {
        case .success(.complete): "the image ended early"
        case .success(.stopped): "stopped"
        case .success(.cannotResume): "it cannot go on where the download was cut off"
        case .success(.absent): "it does not have the image"
        case .failure(let error): "\(error)"
        }
    }

    // MARK: Wrong bytes

    /// As ``Transport/avoidSource(of:)``.
    public func avoidSource(of kind: RepositoryFileKind) -> Bool {
        let givers: Set<Int> =
            switch kind {
            case .metadata: metadataGiver.map { [$0] } ?? []
            case .image: imageGivers.places.filter { $0 != server }
            }
        for mirror in givers {
            note("\(places[mirror].name): what it gave is not what is signed")
            memory.gaveWrongBytes(mirror, at: clock.uptime)
        }
        return !givers.isEmpty
    }
}
