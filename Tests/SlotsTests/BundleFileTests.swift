import Agent
import Foundation
import Model
import Slots
import Testing
import Wire

/// A bundle as a file that anybody may have made.
@Suite struct BundleFileTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/update.slip" }
    private static let metadata = Array("{\"signed\":{}}".utf8)
    private static let image = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    init() throws { folder = try TemporaryFolder() }

    private func head(length: Int64? = nil) throws -> BundleHead {
        let image = ImageReference(
            path: try #require(TargetPath("acme/gateway.raw")),
            sha256: try #require(Digest(bytes: Array(repeating: 7, count: 32))),
            length: length ?? Int64(Self.image.count))
        return BundleHead(
            BundleManifest(
                release: try #require(ReleaseID("acme-gateway 2.0")), image: try #require(image),
                files: [
                    BundleManifest.File(name: "timestamp.json", length: 13),
                    BundleManifest.File(name: "2.root.json", length: 0),
                ]))
    }

    private func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    private func whole() throws -> [UInt8] { try head().bytes + Self.metadata + Self.image }

    @Test func readsEverything() throws {
        try write(whole())
        let bundle = try BundleFiles().open(path)
        #expect(bundle.release.description == "acme-gateway 2.0")
        #expect(bundle.image == (try head()).manifest.image)
        #expect(try bundle.metadata("timestamp.json", limitBytes: 13) == Self.metadata)
        #expect(try bundle.metadata("2.root.json", limitBytes: 13) == [])
        #expect(try bundle.metadata("../../etc/passwd", limitBytes: 13) == nil)
        for offset in [0, 1, 262_144, 700_000, 700_001] {
            var bytes: [UInt8] = []
            let end = try bundle.image(
                "acme/gateway.raw", from: Int64(offset), maximumBytes: 800_000
            ) { piece in
                bytes += piece
                return true
            }
            #expect(end == .complete)
            #expect(bytes == Array(Self.image[offset...]))
        }
    }

    @Test func keepsTheLimitsOfTheCaller() throws {
        try write(whole())
        let bundle = try BundleFile(path)
        #expect(throws: TransportError.tooLong) {
            try bundle.metadata("timestamp.json", limitBytes: 12)
        }
        #expect(throws: TransportError.tooLong) {
            try bundle.image("acme/gateway.raw", from: 0, maximumBytes: 700_000) { _ in true }
        }
        var pieces = 0
        let end = try bundle.image("acme/gateway.raw", from: 0, maximumBytes: 800_000) { _ in
            pieces += 1
            return false
        }
        #expect(end == .stopped)
        #expect(pieces == 1)
    }

    @Test func hasOneImageOnly() throws {
        try write(whole())
        let bundle = try BundleFile(path)
        let digest = String(repeating: "07", count: 32)
        for (path, end) in [
            ("acme/\(digest).gateway.raw", ImageEnd.complete), ("acme/other.raw", .absent),
            ("gateway.raw", .absent),
        ] {
            let result = try bundle.image(path, from: 0, maximumBytes: 800_000) { _ in true }
            #expect(result == end)
        }
        let late = try bundle.image(
            "acme/gateway.raw", from: 700_002, maximumBytes: 800_000
        ) { _ in true }
        #expect(late == .cannotResume)
    }

    /// Cut off anywhere, or with anything behind it, it is not what it says.
    @Test func refusesEveryOtherLength() throws {
        let whole = try whole()
        let head = Int(try head().byteCount)
        for count in Array(0...head + 14) + [whole.count - 1] {
            try write(Array(whole[..<count]))
            #expect(throws: TransportError.self, "\(count) bytes") { try BundleFile(path) }
        }
        try write(whole + [0])
        #expect(throws: TransportError.self) { try BundleFile(path) }
    }

    @Test func refusesALengthThatIsAlmostEndless() throws {
        try write(head(length: Int64.max).bytes + Self.metadata)
        #expect(throws: TransportError.self) { try BundleFile(path) }
        try write(head(length: Int64.max - 2000).bytes + Self.metadata)
        #expect(throws: TransportError.self) { try BundleFile(path) }
    }

    @Test(.timeLimit(.minutes(1))) func refusesWhatIsNoFile() throws {
        #expect(throws: TransportError.bundle("\(path) does not exist")) { try BundleFile(path) }
        for other in ["/", "/dev/zero", "/dev/null"] {
            #expect(throws: TransportError.bundle("\(other) is no file")) {
                try BundleFile(other)
            }
        }
        #expect(throws: TransportError.self) { try BundleFile("/proc/self/mem") }
        // A pipe that nobody writes to must not hold the agent up.
        #expect(try run("/usr/bin/env", "mkfifo", path).status == 0)
        #expect(throws: TransportError.self) { try BundleFile(path) }
    }

    @Test func noticesThatItShrinks() throws {
        try write(whole())
        let bundle = try BundleFile(path)
        try write(Array(whole().dropLast(10)))
        // The file that was opened is another one by now, or shorter; neither is read as whole.
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        try handle.truncate(atOffset: 100)
        let again = Result { try BundleFile(path) }
        #expect(throws: TransportError.self) { try again.get() }
        withExtendedLifetime(bundle) {}
    }
}
