import Model
import Testing
import Wire

/// The head of a bundle: one form, and limits on everything.
@Suite struct BundleTests {
    private func manifest(
        _ files: [(String, Int64)] = [("timestamp.json", 10), ("2.root.json", 20)]
    ) throws -> BundleManifest {
        BundleManifest(
            release: try releaseID(), image: try imageReference(),
            files: files.map { BundleManifest.File(name: $0.0, length: $0.1) })
    }

    /// A head with this text in the place of the manifest.
    private func head(_ text: String, count: String? = nil) -> [UInt8] {
        Array("slipway-bundle 1\n\(count ?? "\(text.utf8.count)")\n\(text)".utf8)
    }

    @Test func readsWhatItWrites() throws {
        let head = BundleHead(try manifest())
        #expect(try BundleHead(parsing: head.bytes) == head)
        #expect(try BundleHead.byteCount(from: Array(head.bytes.prefix(32))) == head.bytes.count)
        #expect(head.byteCount == Int64(head.bytes.count))
        #expect(head.range(of: "timestamp.json") == head.byteCount..<head.byteCount + 10)
        #expect(head.range(of: "2.root.json") == head.byteCount + 10..<head.byteCount + 30)
        #expect(head.range(of: "snapshot.json") == nil)
        #expect(head.imageOffset == head.byteCount + 30)
        #expect(head.totalByteCount == head.byteCount + 30 + 4096)
    }

    @Test func refusesEveryPrefixAndEverythingBehind() throws {
        let bytes = BundleHead(try manifest()).bytes
        for count in 0..<bytes.count {
            #expect(throws: BundleError.self) { try BundleHead(parsing: Array(bytes[..<count])) }
        }
        #expect(throws: BundleError.badLength) { try BundleHead(parsing: bytes + [0x20]) }
    }

    @Test(arguments: [
        "0", "+5", "05", " 5", "5 ", "-1", "", "1048577", "99999999999999999999", "0x10",
    ])
    func refusesALengthThatNobodyWrites(count: String) {
        #expect(throws: BundleError.badLength) {
            try BundleHead.byteCount(from: head("{}", count: count))
        }
    }

    @Test func refusesAnotherFormat() {
        for text in ["", "slipway-bundle 2\n2\n{}", "PK", "slipway-bundle 1"] {
            #expect(throws: BundleError.notABundle) {
                try BundleHead.byteCount(from: Array(text.utf8))
            }
        }
    }

    /// What one reader overlooks, another might take for something.
    @Test func refusesAManifestInAnotherForm() throws {
        let text = String(decoding: try manifest().bytes, as: UTF8.self)
        let spaced = text.replacing("\":", with: "\": ", maxReplacements: 1)
        #expect(throws: BundleError.notCanonical) { try BundleHead(parsing: head(spaced)) }
        let more = text.replacing("{\"_type\"", with: "{\"a\":1,\"_type\"")
        #expect(throws: BundleError.self) { try BundleHead(parsing: head(more)) }
    }

    @Test func refusesAFileTwice() throws {
        let twice = BundleHead(try manifest([("a", 1), ("a", 2)]))
        #expect(throws: BundleError.self) { try BundleHead(parsing: twice.bytes) }
    }

    @Test func refusesTooMany() throws {
        let files = (0...BundleManifest.maximumFileCount).map { ("\($0)", Int64(0)) }
        let many = BundleHead(try manifest(files))
        #expect(throws: BundleError.self) { try BundleHead(parsing: many.bytes) }
        let most = BundleHead(try manifest(Array(files.dropLast())))
        #expect(try BundleHead(parsing: most.bytes) == most)
    }

    @Test(arguments: [-1, BundleManifest.maximumFileLength + 1, Int64.max])
    func refusesALengthOfAFile(length: Int64) throws {
        let bad = BundleHead(try manifest([("a", length)]))
        #expect(throws: BundleError.self) { try BundleHead(parsing: bad.bytes) }
    }

    @Test func noFileIsLongerThanTheLargestNumber() throws {
        let path = try #require(TargetPath("a"))
        let image = try #require(
            ImageReference(path: path, sha256: digest(1), length: Int64.max))
        let head = BundleHead(BundleManifest(release: try releaseID(), image: image, files: []))
        #expect(try BundleHead(parsing: head.bytes).totalByteCount == nil)
    }
}
