import Foundation
import Testing

/// Our client reads what python-tuf writes, and nothing that somebody changed afterwards.
@Suite struct WrittenByPythonTests {
    static let repositories: [PythonRepository] = [
        PythonRepository("Ed25519 keys"),
        PythonRepository("P-256 keys, without consistent snapshots") {
            $0.scheme = "ecdsa"
            $0.consistent = false
        },
        PythonRepository("RSA keys and SHA-512") {
            $0.scheme = "rsa"
            $0.hashes = ["sha512"]
        },
        PythonRepository("two of three kinds of keys, and both hashes") {
            $0.scheme = "mixed"
            $0.hashes = ["sha256", "sha512"]
        },
        PythonRepository("many roots") { $0.roots = 9 },
        PythonRepository("unknown members everywhere") {
            $0.unknown = true
            $0.delegation = "paths"
            $0.roots = 2
        },
        PythonRepository("delegation by paths") { $0.delegation = "paths" },
        PythonRepository("delegation by paths, without consistent snapshots") {
            $0.delegation = "paths"
            $0.consistent = false
            $0.hashes = ["sha512"]
        },
        PythonRepository("delegation by hash prefixes") { $0.delegation = "prefixes" },
        PythonRepository("succinct delegation to 256 bins") { $0.delegation = "succinct" },
    ]

    @Test(arguments: repositories)
    func givesEveryTarget(kind: PythonRepository) throws {
        let shop = try Workshop()
        try kind.write(in: shop)
        try shop.trust("theirs")

        let refresh = try shop.client("theirs", ["refresh"])
        #expect(refresh.code == 0, "\(refresh.words)")
        for path in kind.targets.keys {
            let end = try shop.client("theirs", ["--target-name", path, "download"])
            #expect(end.code == 0, "\(path): \(end.words)")
        }
        let got = try FileManager.default.contentsOfDirectory(atPath: shop.path("client-targets"))
        let contents = Dictionary(
            uniqueKeysWithValues: try got.map { name in
                let text = String(decoding: try shop.data("client-targets/\(name)"), as: UTF8.self)
                return (name.removingPercentEncoding ?? "", text)
            })
        #expect(contents == kind.targets)
        let missing = try shop.client("theirs", ["--target-name", "team/z", "download"])
        #expect(missing.code == 1)
        #expect(missing.words.contains("no trusted role lists"), "\(missing.words)")
    }

    @Test(arguments: repositories)
    func givesNoTargetThatWasChanged(kind: PythonRepository) throws {
        let shop = try Workshop()
        try kind.write(in: shop)
        try shop.trust("theirs")
        var changed = 0
        for path in try FileManager.default.subpathsOfDirectory(atPath: shop.path("theirs/targets"))
        where path.hasSuffix(".bin") {
            var bytes = try shop.data("theirs/targets/\(path)")
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: shop.folder.appending(path: "theirs/targets/\(path)"))
            changed += 1
        }
        #expect(changed >= kind.targets.count)
        for path in kind.targets.keys {
            let end = try shop.client("theirs", ["--target-name", path, "download"])
            #expect(end.code == 1, "\(path)")
            #expect(end.words.contains(path), "\(end.words)")
        }
        let got = try FileManager.default.contentsOfDirectory(atPath: shop.path("client-targets"))
        #expect(got.isEmpty)
    }

    /// A digit of what each file says of when it expires.
    @Test(arguments: repositories)
    func refusesMetadataThatWasChanged(kind: PythonRepository) throws {
        let shop = try Workshop()
        try kind.write(in: shop)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: shop.path("theirs/metadata"))
        // The first root is what is trusted, and the bins are alike.
        let tried = names.filter { $0 != "1.root.json" && !$0.contains("bin-") }
        #expect(tried.count >= 3)
        for name in tried {
            let file = shop.folder.appending(path: "theirs/metadata/\(name)")
            let good = try Data(contentsOf: file)
            let text = String(decoding: good, as: UTF8.self)
            let digits = try #require(text.firstMatch(of: /"expires": ?"20(\d)/)).1
            let bad = text.replacingCharacters(
                in: digits.startIndex..<digits.endIndex, with: digits == "9" ? "8" : "9")
            try Data(bad.utf8).write(to: file)
            try shop.trust("theirs")
            let paths = kind.targets.keys.flatMap { ["--target-name", $0] }

            let end = try shop.client("theirs", paths + ["download"])

            #expect(end.code == 1, "\(name): \(end.words)")
            try good.write(to: file)
        }
        try shop.trust("theirs")
        #expect(try shop.client("theirs", ["refresh"]).code == 0)
    }
}
