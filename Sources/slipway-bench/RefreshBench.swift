internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

/// A client's refresh and its search for targets, on a repository made for the purpose.
struct RefreshBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "A refresh with nothing new, and one from nothing with searches.",
        discussion: """
            The repository lies in files, and its targets in delegated roles, one of which is \
            searched for a target each. `--beside python-tuf` does the same with the Python that \
            SLIPWAY_TEST_PYTHON names.
            """)

    @Option(help: "How many targets the repository has.") var targets = 10_000
    @Option(help: "How many delegated roles share them.") var roles = 64
    @Option(help: "How often each measurement is repeated.") var repeats = 20
    @Option(help: "python-tuf.") var beside: String?
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard roles >= 1, targets >= roles, repeats >= 1, beside == nil || beside == "python-tuf"
        else { throw ValidationError("at least one role, a target in each, and one repetition") }
    }

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "slipway-bench-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let repository = try BenchRepository(in: folder, targets: targets, roles: roles)
        var figures = Figures("refresh")
        figures.set("targets", to: targets)
        figures.set("roles", to: roles)

        var client = BenchClient(repository)
        let complete = try ProcessorTime.seconds {
            for _ in 0..<repeats {
                client = BenchClient(repository)
                try client.refresh(finding: repository.samples)
            }
        }
        figures.set("search_cpu_ms", to: complete / Double(repeats) * 1000)
        figures.set("search_requests", to: client.requests)

        let again = try ProcessorTime.seconds {
            for _ in 0..<repeats { try client.refresh(finding: []) }
        }
        figures.set("cpu_ms", to: again / Double(repeats) * 1000)
        figures.set("requests", to: client.requests)
        if beside != nil { try besidePython(repository, complete / Double(repeats), &figures) }
        figures.tell()
    }

    private func besidePython(
        _ repository: BenchRepository, _ own: Double, _ figures: inout Figures
    ) throws {
        guard let python = ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"] else {
            throw ValidationError("SLIPWAY_TEST_PYTHON names no Python with python-tuf")
        }
        let said = try Program.run(
            python, ["-c", Self.script, repository.folder.path] + repository.samples)
        guard let seconds = Double(said.output.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw BenchProblem.failed("python-tuf said: \(said.output)") }
        figures.set("python_tuf_search_cpu_ms", to: seconds * 1000)
        figures.set("times_less", to: seconds / own)
    }

    /// The same refresh and searches; start-up and imports are not counted.
    private static let script = """
        from os.path import join
        from sys import argv
        from tempfile import mkdtemp
        from time import process_time
        from tuf.api.exceptions import DownloadHTTPError
        from tuf.ngclient import Updater
        from tuf.ngclient.fetcher import FetcherInterface

        class Folder(FetcherInterface):
            def _fetch(self, url):
                path = url.removeprefix("http://folder/")
                try:
                    with open(join(argv[1], path), "rb") as file:
                        return iter([file.read()])
                except FileNotFoundError:
                    raise DownloadHTTPError(url, 404)

        local = mkdtemp()
        with open(join(argv[1], "1.root.json"), "rb") as file:
            root = file.read()
        start = process_time()
        updater = Updater(
            metadata_dir=local, metadata_base_url="http://folder/", fetcher=Folder(),
            bootstrap=root)
        updater.refresh()
        for path in argv[2:]:
            assert updater.get_targetinfo(path) is not None, path
        print(process_time() - start)
        """
}

/// A signed repository in a folder, whose targets lie in delegated roles.
struct BenchRepository {
    let folder: URL
    /// One target of each role.
    let samples: [String]
    let root: [UInt8]

    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    init(in folder: URL, targets: Int, roles: Int) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = try Ed25519PrivateKey.generate()
        let expires = Instant(
            secondsSinceEpoch: Int64(Date().timeIntervalSince1970) + 86_400 * 30)
        let writer = RepositoryWriter(cryptography: Self.cryptography)
        let signers = try RoleSigners(keys: [key.publicKey], threshold: 1)
        let named = Dictionary(uniqueKeysWithValues: RoleName.ofRoot.map { ($0, signers) })
        root = try writer.root(RootDraft(expires: expires, roles: named), signers: [key])
        let empty = try writer.emptyTargets(expires: expires, signers: [key])
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: empty), expires: expires, signers: [key])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot), expires: expires,
            signers: [key])
        var round = SigningRound(
            published: try PublishedRepository(
                StoredMetadata(
                    root: root, timestamp: timestamp, snapshot: snapshot, targets: empty),
                cryptography: Self.cryptography, limits: .standard),
            staged: [], cryptography: Self.cryptography)
        samples = try Self.fill(&round, targets: targets, roles: roles, signers, expires)
        _ = try round.sign(with: key)
        let files = round.staged.mapValues(\.bytes)
        let full = try round.published.publishing(
            round.published.accept(files, now: Instant(secondsSinceEpoch: 0)),
            expiry: PublishedRepository.Expiry(snapshot: expires, timestamp: expires),
            signers: OnlineSigners(snapshot: key, timestamp: key, offer: key))
        try Data(root).write(to: folder.appending(path: "1.root.json"))
        for file in full.files(changedSince: round.published) {
            try Data(file.bytes).write(to: folder.appending(path: file.name))
        }
    }

    private static func fill(
        _ round: inout SigningRound, targets: Int, roles: Int, _ signers: RoleSigners,
        _ expires: Instant
    ) throws -> [String] {
        var samples: [String] = []
        for number in 0..<roles {
            guard let name = DelegatedRoleName("role-\(number)") else { continue }
            let pattern = PathPattern(JSONString("role-\(number)/*"))
            _ = round.change(
                .targets,
                .delegate(
                    TargetsChange.Delegation(
                        name: name, signers: signers, paths: [pattern], isTerminating: false)),
                expires: expires)
            let images = try (0..<targets / roles).map { try image($0, in: name.text) }
            _ = round.change(.delegated(name), .renew, expires: expires)
            _ = round.change(.delegated(name), .list(images), expires: expires)
            samples.append("\(name.text)/\(targets / roles / 2).img")
        }
        return samples
    }

    private static func image(_ number: Int, in role: String) throws -> SignedImage {
        let digest = cryptography.hashing.sha256(Array("\(role) \(number)".utf8))
        guard let path = TargetPath("\(role)/\(number).img"),
            let image = ImageReference(path: path, sha256: digest, length: 1_000_000),
            let release = ReleaseID("\(role) \(number)"), let model = HardwareModel("gw-2")
        else { throw BenchProblem.failed("no image can have the number \(number)") }
        return try SignedImage(image, release: release, hardware: [model], from: [], counter: 1)
    }
}

/// A client that keeps its trusted metadata in memory and reads the repository's files.
struct BenchClient {
    private var stored: StoredMetadata
    private let folder: URL
    /// Of the last refresh and its searches.
    private(set) var requests = 0

    init(_ repository: BenchRepository) {
        stored = StoredMetadata(root: repository.root)
        folder = repository.folder
    }

    mutating func refresh(finding paths: [String]) throws {
        requests = 0
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        var refresh = try Refresh(
            stored: stored, now: now, cryptography: BenchRepository.cryptography,
            limits: .standard)
        try perform(&refresh)
        for path in paths {
            refresh.seek(path)
            try perform(&refresh)
            guard refresh.found != nil else { throw BenchProblem.failed("\(path) was not found") }
        }
    }

    private mutating func perform(_ refresh: inout Refresh) throws {
        while true {
            switch refresh.next() {
            case .fetch(let name, _):
                requests += 1
                let data = FileManager.default.contents(atPath: folder.appending(path: name).path)
                try refresh.receive(data.map { Array($0) })
            case .recall(let role): try refresh.receive(stored[role])
            case .store(let role, let bytes): stored[role] = bytes
            case .forget(let role): stored[role] = nil
            case .finished: return
            }
        }
    }
}
