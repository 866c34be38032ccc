import Foundation
import Model
import OpenSSL
import Signers
import Testing
import Trust

/// An agent that sends anything but what it should.
@Suite struct HostileAgentTests {
    private static let seed = [UInt8](repeating: 7, count: 32)

    private func client(_ agent: FakeAgent, timeout: Duration = .seconds(60)) -> SSHAgent {
        SSHAgent(socketPath: agent.path, timeout: timeout, checker: OpenSSLSignatureChecker())
    }

    private func expectBadAnswer(
        _ answer: [UInt8], _ location: SourceLocation = #_sourceLocation,
        in operation: (SSHAgent) throws -> Void
    ) throws {
        let agent = try FakeAgent(.answer(answer))
        let error = #expect(throws: SSHAgentError.self, sourceLocation: location) {
            try operation(client(agent))
        }
        guard case .badAnswer = error else {
            Issue.record("\(answer) gives \(String(describing: error))", sourceLocation: location)
            return
        }
    }

    // MARK: - Lists of keys

    private static func blob(_ key: [UInt8]) -> [UInt8] { wire("ssh-ed25519") + wire(key) }

    private static func list(_ keys: [(blob: [UInt8], comment: String)]) -> [UInt8] {
        wire([12] + wire(keys.count) + keys.flatMap { wire($0.blob) + wire($0.comment) })
    }

    @Test(arguments: [
        [], wire(0), wire(262_145) + [12], wire(0xffff_ffff) + [12], wire(5) + [12, 0],
        wire([12]), wire([12, 0, 0]), wire([12] + wire(1)), wire([12] + wire(0xffff_ffff)),
        wire([12] + wire(0) + [0]), wire([12] + wire(1) + wire(0x7fff_ffff)),
        wire([12] + wire(1) + wire([1]) + wire(0xffff_ffff) + [1]), wire([14] + wire(0)),
        wire([6]), wire([0]), wire([255]), Array("HTTP/1.1 400 Bad Request\r\n".utf8),
    ])
    func refusesWhatIsNoListOfKeys(answer: [UInt8]) throws {
        try expectBadAnswer(answer) { _ = try $0.identities() }
    }

    @Test func refusesAListThatIsCutAnywhere() throws {
        let key = try Ed25519PrivateKey(seed: Self.seed).ed25519PublicKey.bytes
        let list = Self.list([(blob: Self.blob(key), comment: "ours")])
        for count in list.indices {
            try expectBadAnswer(Array(list[..<count])) { _ = try $0.identities() }
            guard count > 4 else { continue }
            try expectBadAnswer(wire(Array(list[4..<count]))) { _ = try $0.identities() }
        }
        let agent = try FakeAgent(.answer(list))
        #expect(
            try client(agent).identities().map(\.publicKey) == [
                .ed25519(#require(Ed25519PublicKey(bytes: key)))
            ])
    }

    @Test func leavesOutKeysThatAreNotSound() throws {
        let good = try Ed25519PrivateKey(seed: Self.seed).ed25519PublicKey.bytes
        let p256 = wire("ecdsa-sha2-nistp256") + wire("nistp256")
        let blobs = [
            [], wire("ssh-ed25519"), Self.blob([]), Self.blob(Array(good.dropLast())),
            Self.blob(good + [0]), Self.blob(good) + [0], wire("ssh-ed25518") + wire(good),
            Self.blob([1] + [UInt8](repeating: 0, count: 31)), p256, p256 + wire([]),
            p256 + wire([4] + [UInt8](repeating: 1, count: 64)),
            p256 + wire([4] + [UInt8](repeating: 1, count: 63)),
            wire("sk-ssh-ed25519@openssh.com") + wire(good) + wire("ssh:"),
        ]
        let keys = blobs.map { (blob: $0, comment: "bad") }
        let agent = try FakeAgent(
            .answer(Self.list(keys + [(blob: Self.blob(good), comment: "good")])))
        #expect(try client(agent).identities().map(\.comment) == ["good"])
    }

    @Test func letsNoCommentMoveTheCursor() throws {
        let key = try Ed25519PrivateKey(seed: Self.seed).ed25519PublicKey.bytes
        let comments = [
            "\u{1b}[2Jclean": "?[2Jclean", "a\nb\u{202e}c\u{2028}": "a?b?c?",
            String(repeating: "x", count: 1000): String(repeating: "x", count: 256),
        ]
        for (comment, shown) in comments {
            let agent = try FakeAgent(
                .answer(Self.list([(blob: Self.blob(key), comment: comment)])))
            #expect(try client(agent).identities().map(\.comment) == [shown])
        }
    }

    // MARK: - Signatures

    /// A signer whose agent was good when it was made and then gave its place to another.
    private func signature(by key: PublicKey, answer: [UInt8]) throws -> [UInt8] {
        let blob: [UInt8] =
            switch key {
            case .ed25519(let key): Self.blob(key.bytes)
            case .ecdsaP256(let info), .rsaPSS(let info):
                wire("ecdsa-sha2-nistp256") + wire("nistp256") + wire([4] + info.der.suffix(64))
            }
        let agent = try FakeAgent(.answers([Self.list([(blob: blob, comment: "")]), answer]))
        return try client(agent).signer(for: key).sign(message)
    }

    private func expectBadSignature(by key: PublicKey, _ answer: [UInt8]) {
        let error = #expect(throws: SSHAgentError.self) {
            try signature(by: key, answer: answer)
        }
        guard case .badAnswer = error else {
            Issue.record("\(answer) gives \(String(describing: error))")
            return
        }
    }

    @Test func takesOnlyWholeEd25519Signatures() throws {
        let key = try Ed25519PrivateKey(seed: Self.seed).publicKey
        let bytes = [UInt8](repeating: 9, count: 64)
        let good = wire("ssh-ed25519") + wire(bytes)
        #expect(try signature(by: key, answer: wire([14] + wire(good))) == bytes)
        let bad = [
            [], wire("ssh-ed25519"), wire("ssh-ed25519") + wire(bytes + [0]), good + [0],
            wire("ssh-ed25519") + wire(Array(bytes.dropLast())), wire("ssh-rsa") + wire(bytes),
            wire("ssh-ed25519") + wire(0xffff_ffff) + bytes, wire("") + wire(bytes),
        ]
        for blob in bad { expectBadSignature(by: key, wire([14] + wire(blob))) }
        expectBadSignature(by: key, wire([14] + wire(good) + [0]))
        expectBadSignature(by: key, wire([12] + wire(good)))
        let whole = [14] + wire(good)
        for count in whole.indices { expectBadSignature(by: key, wire(Array(whole[..<count]))) }
    }

    @Test func writesP256SignaturesAsDER() throws {
        let key = try P256PrivateKey.generate().publicKey
        func answer(_ r: [UInt8], _ s: [UInt8]) -> [UInt8] {
            wire([14] + wire(wire("ecdsa-sha2-nistp256") + wire(wire(r) + wire(s))))
        }
        let long = [UInt8](repeating: 0x7f, count: 32)
        #expect(
            try signature(by: key, answer: answer(long, long))
                == [0x30, 68, 2, 32] + long + [2, 32] + long)
        let high = [UInt8](repeating: 0xff, count: 32)
        #expect(
            try signature(by: key, answer: answer([0] + high, [0, 0, 0x80]))
                == [0x30, 39, 2, 33, 0] + high + [2, 2, 0, 0x80])
        #expect(try signature(by: key, answer: answer([0], [5])) == [0x30, 6, 2, 1, 0, 2, 1, 5])
        for (r, s) in [
            ([], [1]), ([1], []), ([0x80], [1]), ([1], high), ([1] + long, [1]), ([1], [1] + long),
        ] { expectBadSignature(by: key, answer(r, s)) }
        let name = wire("ecdsa-sha2-nistp256")
        for blob in [
            name + wire(wire([1])), name + wire(wire([1]) + wire([1]) + [0]), name + wire([]),
            wire("ssh-ed25519") + wire(wire([1]) + wire([1])), name + wire(wire(0xffff_ffff)),
        ] { expectBadSignature(by: key, wire([14] + wire(blob))) }
    }

    @Test func isRefusedByAFailure() throws {
        let key = try Ed25519PrivateKey(seed: Self.seed).publicKey
        #expect(throws: SSHAgentError.refused) { try signature(by: key, answer: wire([5])) }
        let agent = try FakeAgent(.answer(wire([5])))
        #expect(throws: SSHAgentError.refused) { try client(agent).identities() }
    }

    // MARK: - Connections

    /// A request that nobody reads, so that writing fails; the signal would end this process.
    @Test func survivesAnAgentThatHangsUp() throws {
        let agent = try FakeAgent(.close)
        for _ in 0..<50 {
            let error = #expect(throws: SSHAgentError.self) { try client(agent).identities() }
            guard case .badAnswer = error else {
                Issue.record("hanging up gives \(String(describing: error))")
                return
            }
        }
    }

    @Test func doesNotWaitForEver() throws {
        let timeout = Duration.milliseconds(100)
        let agent = try FakeAgent(.silence)
        #expect(throws: SSHAgentError.timedOut(after: timeout)) {
            try client(agent, timeout: timeout).identities()
        }
    }

    @Test func theTimeIsForTheWholeAnswer() throws {
        let timeout = Duration.milliseconds(200)
        let agent = try FakeAgent(.dribble)
        #expect(throws: SSHAgentError.timedOut(after: timeout)) {
            try client(agent, timeout: timeout).identities()
        }
    }
}
