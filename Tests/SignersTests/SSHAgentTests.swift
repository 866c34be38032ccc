import Foundation
import Glibc
import Model
import OpenSSL
import Signers
import TestSupport
import Testing
import Trust

/// An `ssh-agent` of the system that ends with the value.
private final class RealAgent: @unchecked Sendable {
    let path: String
    private let folder: TemporaryFolder
    private let process = ChildProcess()
    private let agent: pid_t

    /// The agent starts a program once it listens, which tells the agent's process id.
    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/agent"
        process.executableURL = URL(filePath: "/usr/bin/ssh-agent")
        process.arguments = ["-a", path, "sh", "-c", "echo $SSH_AGENT_PID; exec cat"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        agent = try #require(pid_t(said.dropLast()))
    }

    deinit {
        // Our threads block other signals, and what they start inherits that.
        kill(agent, SIGKILL)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func add(_ options: [String], comment: String) throws {
        let file = "\(folder.path)/\(UUID().uuidString)"
        try run("ssh-keygen", options + ["-q", "-N", "", "-C", comment, "-f", file])
        try run("env", ["SSH_AUTH_SOCK=\(path)", "ssh-add", "-q", file])
    }

    func lock() throws {
        let script = #"printf '#!/bin/sh\necho x\n' >"$0/ask"; chmod +x "$0/ask"; ssh-add -x"#
        try run(
            "env",
            [
                "SSH_AUTH_SOCK=\(path)", "SSH_ASKPASS=\(folder.path)/ask",
                "SSH_ASKPASS_REQUIRE=force", "sh", "-c", script, folder.path,
            ])
    }

    func removeAll() throws { try run("env", ["SSH_AUTH_SOCK=\(path)", "ssh-add", "-q", "-D"]) }

    var client: SSHAgent { SSHAgent(socketPath: path, checker: OpenSSLSignatureChecker()) }
}

@Suite struct SSHAgentTests {
    private static let ed25519 = ["-t", "ed25519"]
    private static let p256 = ["-t", "ecdsa", "-b", "256"]

    @Test func listsTheKeysThatSign() throws {
        let agent = try RealAgent()
        #expect(try agent.client.identities().isEmpty)
        try agent.add(Self.ed25519, comment: "release 1")
        try agent.add(["-t", "rsa", "-b", "2048"], comment: "another scheme")
        try agent.add(["-t", "ecdsa", "-b", "384"], comment: "another curve")
        try agent.add(Self.p256, comment: "release 2")
        let identities = try agent.client.identities()
        #expect(identities.map(\.comment) == ["release 1", "release 2"])
        #expect(identities.map(\.publicKey.scheme) == [.ed25519, .ecdsaP256])
    }

    /// Many signatures, because one number in 256 starts with a zero and one in two with a sign.
    @Test(arguments: [ed25519, p256])
    func signs(options: [String]) throws {
        let agent = try RealAgent()
        try agent.add(Self.ed25519, comment: "")
        try agent.add(options, comment: "ours")
        let identity = try #require(try agent.client.identities().first { $0.comment == "ours" })
        let signer = try agent.client.signer(for: identity.publicKey)
        #expect(signer.publicKey == identity.publicKey)
        for count in 0..<300 {
            let message = [UInt8](repeating: UInt8(count & 0xff), count: count)
            let signature = try signer.sign(message)
            #expect(isValid(signature, by: identity.publicKey, over: message))
            #expect(!isValid(signature, by: identity.publicKey, over: message + [0]))
        }
    }

    @Test(arguments: [ed25519, p256])
    func signsUpToTheLimitOfTheAgent(options: [String]) throws {
        let agent = try RealAgent()
        try agent.add(options, comment: "")
        let key = try #require(try agent.client.identities().first?.publicKey)
        let signer = try agent.client.signer(for: key)
        let limit = signer.maximumMessageByteCount
        #expect((262_000..<262_144).contains(limit))
        let longest = [UInt8](repeating: 0x5a, count: limit)
        #expect(isValid(try signer.sign(longest), by: key, over: longest))
        #expect(throws: SSHAgentError.tooLong(byteCount: limit + 1, limitBytes: limit)) {
            try signer.sign(longest + [0])
        }
    }

    @Test func knowsOnlyTheKeysOfItsAgent() throws {
        let agent = try RealAgent()
        try agent.add(Self.ed25519, comment: "")
        for key in [
            try Ed25519PrivateKey.generate().publicKey, try P256PrivateKey.generate().publicKey,
        ] {
            #expect(throws: SSHAgentError.noSuchKey) { try agent.client.signer(for: key) }
        }
        #expect(throws: SSHAgentError.unsupported(scheme: "rsassa-pss-sha256")) {
            try agent.client.signer(for: .rsaPSS(SubjectPublicKeyInfo(canonical: [])))
        }
    }

    @Test func isRefusedByAKeyThatWentAway() throws {
        let agent = try RealAgent()
        try agent.add(Self.ed25519, comment: "")
        let key = try #require(try agent.client.identities().first?.publicKey)
        let signer = try agent.client.signer(for: key)
        try agent.removeAll()
        #expect(throws: SSHAgentError.refused) { try signer.sign(message) }
    }

    @Test func isRefusedByALockedAgent() throws {
        let agent = try RealAgent()
        try agent.add(Self.ed25519, comment: "")
        let key = try #require(try agent.client.identities().first?.publicKey)
        let signer = try agent.client.signer(for: key)
        try agent.lock()
        #expect(throws: SSHAgentError.refused) { try signer.sign(message) }
        #expect(try agent.client.identities().isEmpty)
    }

    @Test func tellsThatNobodyListens() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("", to: "file")
        for (path, reason) in [
            ("\(folder.path)/agent", "No such file or directory"),
            ("", "No such file or directory"),
            (file, "Connection refused"),
            ("/" + String(repeating: "a", count: 107), "File name too long"),
            ("/tmp/\0agent", "No such file or directory"), ("\0agent", "No such file or directory"),
        ] {
            let agent = SSHAgent(socketPath: path, checker: OpenSSLSignatureChecker())
            let error = #expect(throws: SSHAgentError.self) { try agent.identities() }
            guard case .unreachable(path, _) = error else {
                Issue.record("\(path) gives \(String(describing: error)), not \(reason)")
                continue
            }
            #expect(error?.description.hasSuffix(reason) == true)
        }
    }

    @Test func saysEachErrorInASentence() {
        let errors: [SSHAgentError] = [
            .unreachable(path: "p", reason: "r"), .timedOut(after: .seconds(1)),
            .tooLong(byteCount: 2, limitBytes: 1), .refused, .noSuchKey,
            .unsupported(scheme: "s"), .badAnswer(problem: "r"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors { #expect(error.description.contains("ssh-agent")) }
    }
}
