import Foundation
import Model
import OpenSSL
import TestSupport
import Testing

func text(ofFile path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
}

@Suite struct PEMTests {
    private let passphrase = Array("corréct horse".utf8)

    private func key() throws -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: bytes(Vector.all[0].seed))
    }

    @Test func comesBackWithoutAPassphrase() throws {
        let pem = try key().pem(passphrase: nil)
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        let again = try Ed25519PrivateKey(pem: pem, passphrase: nil)
        #expect(again.seed == (try key().seed))
        #expect(try Ed25519PrivateKey(pem: pem, passphrase: [1]).seed == again.seed)
    }

    @Test func comesBackWithItsPassphraseOnly() throws {
        let pem = try key().pem(passphrase: passphrase)
        #expect(
            String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        #expect(try Ed25519PrivateKey(pem: pem, passphrase: passphrase).seed == (try key().seed))
        #expect(throws: PEMError.passphraseNeeded) {
            try Ed25519PrivateKey(pem: pem, passphrase: nil)
        }
        for wrong in [passphrase + [0x20], Array(passphrase.dropLast()), [], [0]] {
            #expect(throws: PEMError.wrongPassphrase) {
                try Ed25519PrivateKey(pem: pem, passphrase: wrong)
            }
        }
    }

    @Test func takesPassphrasesOfEveryByteUpToTheLimit() throws {
        let longest = (0..<1024).map { UInt8(truncatingIfNeeded: $0) }
        let pem = try key().pem(passphrase: longest)
        #expect(try Ed25519PrivateKey(pem: pem, passphrase: longest).seed == (try key().seed))
        // The last one would run far past OpenSSL's buffer if nobody looked.
        for more in [1, 1_000_000] {
            #expect(throws: PEMError.wrongPassphrase) {
                try Ed25519PrivateKey(
                    pem: pem, passphrase: longest + Array(repeating: 1, count: more))
            }
        }
        #expect(throws: OpenSSLError.self) { try key().pem(passphrase: longest + [1]) }
        #expect(throws: OpenSSLError.self) { try key().pem(passphrase: []) }
    }

    @Test func isSaltedAnewEachTime() throws {
        #expect(try key().pem(passphrase: passphrase) != key().pem(passphrase: passphrase))
    }

    @Test func isNotMadeOfAnythingElse() throws {
        let publicKey =
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7h"
            + "cvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
        let broken = try String(decoding: key().pem(passphrase: nil), as: UTF8.self)
            .replacing("MC4C", with: "MC5C")
        let texts = [
            "", "seed", Vector.all[0].seed, publicKey, broken, "-----BEGIN PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            String(repeating: "-----BEGIN PRIVATE KEY-----\n", count: 10_000),
        ]
        for text in texts {
            #expect(throws: PEMError.notPEM) {
                try Ed25519PrivateKey(pem: Array(text.utf8), passphrase: nil)
            }
        }
        #expect(throws: PEMError.notPEM) {
            try Ed25519PrivateKey(pem: Array(repeating: 0, count: 100), passphrase: nil)
        }
    }

    @Test func neverTrapsWhereverItIsCutOrChanged() throws {
        let pem = try key().pem(passphrase: nil)
        for count in pem.indices {
            _ = try? Ed25519PrivateKey(pem: Array(pem.prefix(count)), passphrase: nil)
            var changed = pem
            changed[count] ^= 1
            _ = try? Ed25519PrivateKey(pem: changed, passphrase: nil)
        }
        #expect(try Ed25519PrivateKey(pem: pem, passphrase: nil).seed == (try key().seed))
    }
}

/// The `openssl` command and we read each other's keys.
@Suite struct OpenSSLCommandTests {
    @discardableResult
    private func openssl(_ arguments: [String], input: [UInt8]) throws -> [UInt8] {
        let process = ChildProcess()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = FileHandle.nullDevice
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "openssl \(arguments)")
        return Array(output)
    }

    @Test(arguments: [nil, "secret"])
    func readsOurKeys(passphrase: String?) throws {
        let key = try Ed25519PrivateKey.generate()
        let pem = try key.pem(passphrase: passphrase.map { Array($0.utf8) })
        let der = try openssl(
            ["pkey", "-pubout", "-outform", "DER", "-passin", "pass:\(passphrase ?? "")"],
            input: pem)
        #expect(Array(der.suffix(32)) == key.ed25519PublicKey.bytes)
    }

    @Test func encryptsOurKeysAsPromised() throws {
        let key = try Ed25519PrivateKey.generate()
        let parsed = try openssl(
            ["asn1parse"], input: key.pem(passphrase: Array("secret".utf8)))
        let text = String(decoding: parsed, as: UTF8.self)
        // 0x0927C0 is 600 000 rounds of PBKDF2.
        for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0927C0"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func makesKeysThatWeRead() throws {
        let pem = try openssl(["genpkey", "-algorithm", "ed25519"], input: [])
        let key = try Ed25519PrivateKey(pem: pem, passphrase: nil)
        let der = try openssl(["pkey", "-pubout", "-outform", "DER"], input: pem)
        #expect(Array(der.suffix(32)) == key.ed25519PublicKey.bytes)
    }

    @Test func makesEncryptedKeysThatWeRead() throws {
        let pem = try openssl(
            ["genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:secret"], input: [])
        _ = try Ed25519PrivateKey(pem: pem, passphrase: Array("secret".utf8))
        #expect(throws: PEMError.passphraseNeeded) {
            try Ed25519PrivateKey(pem: pem, passphrase: nil)
        }
        #expect(throws: PEMError.wrongPassphrase) {
            try Ed25519PrivateKey(pem: pem, passphrase: Array("Secret".utf8))
        }
    }

    @Test(arguments: [
        ["-algorithm", "ed448"], ["-algorithm", "x25519"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ])
    func makesKeysOfOtherKindsThatWeRefuse(arguments: [String]) throws {
        let pem = try openssl(["genpkey"] + arguments, input: [])
        #expect(throws: PEMError.notEd25519) { try Ed25519PrivateKey(pem: pem, passphrase: nil) }
        let isP256 = arguments.contains("EC")
        let other = try? PEMPrivateKey.read(pem, passphrase: nil)
        #expect((other != nil) == isP256, "what is neither is unsupported")
    }

    @Test func checksOurSignatures() throws {
        let key = try Ed25519PrivateKey.generate()
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-openssl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let url = folder.appendingPathComponent(name)
            try Data(bytes).write(to: url)
            return url.path
        }
        let message = try file("message", [1, 2, 3])
        let signature = try file("signature", key.sign([1, 2, 3]))
        let keyFile = try file("key", key.pem(passphrase: nil))
        try openssl(
            [
                "pkeyutl", "-verify", "-rawin", "-inkey", keyFile, "-in", message, "-sigfile",
                signature,
            ], input: [])
    }
}
