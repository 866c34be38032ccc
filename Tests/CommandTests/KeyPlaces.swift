import Foundation
import TestSupport
import Testing

/// A token of SoftHSM with two keys, in the folder of one `slipway`, whose programs alone see it.
struct Token {
    static let module = "/usr/lib/softhsm/libsofthsm2.so"
    private static let pin = "567890"

    /// Makes the token and tells `slipway`'s programs where it is.
    init(_ slipway: Slipway) throws {
        try FileManager.default.createDirectory(
            at: slipway.place("tokens"), withIntermediateDirectories: false)
        let tokens = slipway.place("tokens").path
        slipway.environment["SOFTHSM2_CONF"] = try slipway.file(
            "softhsm2.conf", "directories.tokendir = \(tokens)\n")
        _ = try slipway.file("pin", "\(Self.pin)\n")
        _ = try slipway.file("wrong-pin", "000000\n")
        try slipway.uses(
            "softhsm2-util",
            [
                "--init-token", "--free", "--label", "vault 1", "--so-pin", "1234", "--pin",
                Self.pin,
            ])
        for (type, label) in [("EC:edwards25519", "ed"), ("EC:prime256v1", "p256")] {
            try slipway.uses(
                "pkcs11-tool",
                [
                    "--module", Self.module, "--token-label", "vault 1", "--login", "--pin",
                    Self.pin, "--keypairgen", "--key-type", type, "--label", label,
                ])
        }
    }

    func uri(_ label: String) -> String {
        "pkcs11:token=vault%201;object=\(label)?module-path=\(Self.module)"
    }
}

/// An `ssh-agent` of the system that one `slipway`'s programs see, and that ends with the value.
final class Agent {
    private let process = ChildProcess()
    private let agent: pid_t
    private let folder: URL

    /// The agent starts a program once it listens, which tells the agent's process id.
    init(_ slipway: Slipway) throws {
        // A socket's path has to be short.
        folder = URL(filePath: "/tmp/slipway-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let socket = folder.appending(path: "agent").path
        process.executableURL = URL(filePath: "/usr/bin/ssh-agent")
        process.arguments = ["-a", socket, "sh", "-c", "echo $SSH_AGENT_PID; exec cat"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        agent = try #require(pid_t(said.dropLast()))
        slipway.environment["SSH_AUTH_SOCK"] = socket
        for (type, comment) in [("ed25519", "release@work"), ("ecdsa", "root@work")] {
            let file = slipway.place("ssh-\(type)").path
            try slipway.uses(
                "ssh-keygen", ["-t", type, "-q", "-N", "", "-C", comment, "-f", file])
            try slipway.uses("ssh-add", ["-q", file])
        }
    }

    deinit {
        // Our threads block other signals, and what they start inherits that.
        kill(agent, SIGKILL)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}

extension Slipway {
    /// Runs a program of the system, which must go well.
    @discardableResult
    func uses(_ program: String, _ arguments: [String]) throws -> String {
        let end = try run(URL(filePath: "/usr/bin/\(program)"), arguments)
        try #require(end.code == 0, "\(program) \(arguments): \(end.output)\(end.errors)")
        return end.output
    }

    /// A shell script that signs with a key in a file, around what `before` does first.
    ///
    /// - Returns: What `--key` takes.
    func signingProgram(
        _ name: String, key: String, before: String = "", payload: String = "\"$folder/payload\""
    ) throws -> String {
        let script = try file(
            "\(name).sh",
            """
            set -e
            request=$(cat)
            \(before)
            folder=$(mktemp -d)
            trap 'rm -r "$folder"' EXIT
            printf %s "$request" | sed 's/.*"payload":"\\([^"]*\\)".*/\\1/' \\
                | base64 -d >"$folder/payload"
            openssl pkeyutl -sign -rawin -inkey "\(place("\(key).pem").path)" \\
                -in \(payload) -out "$folder/sig"
            printf '{"sig": "%s"}\\n' "$(od -An -v -tx1 "$folder/sig" | tr -d ' \\n')"
            """)
        return "command:\(key).pub:/bin/sh \(script)"
    }
}
