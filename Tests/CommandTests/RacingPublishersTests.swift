import Foundation
import TestSupport
import Testing

/// Two people publish at the same moment: one wins, and the other hears that trying again helps.
@Suite struct RacingPublishersTests {
    private let slipway: Slipway

    init() throws {
        slipway = try Slipway()
        try slipway.does("repo init acme")
        try slipway.copy("acme/keys/offline/targets.pem", to: "key.pem")
        try slipway.does("key show key.pem --public-key key.pub")
    }

    /// A publisher that is stopped while it signs: it has read what is published, and has
    /// written nothing.
    private final class Slow {
        private let slipway: Slipway
        private let process = ChildProcess()

        /// Returns once it has come to signing.
        init(_ slipway: Slipway, _ arguments: [String]) throws {
            self.slipway = slipway
            for fifo in ["up", "on"] {
                try slipway.uses("mkfifo", [slipway.place(fifo).path])
            }
            let key = try slipway.signingProgram(
                "slow", key: "key",
                before: """
                    echo up >"\(slipway.place("up").path)"
                    read on <"\(slipway.place("on").path)"
                    """)
            // One that ends before it signs opens the way, too, or this would wait for ever.
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments =
                [
                    "-c", #""$@"; code=$?; exec 3<>up; exit $code"#, "sh",
                    Slipway.products.appending(path: "slipway").path,
                ] + arguments + ["--key", key]
            process.currentDirectoryURL = slipway.folder
            process.environment = ProcessInfo.processInfo.environment.merging(
                slipway.environment
            ) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            // The other end opens only when it signs.
            let up = try FileHandle(forReadingFrom: slipway.place("up"))
            #expect(try up.readToEnd() == Data("up\n".utf8))
        }

        /// Lets it go on to its end, and returns its exit code.
        func end() throws -> Int32 {
            let on = try FileHandle(forWritingTo: slipway.place("on"))
            try on.write(contentsOf: Data("on\n".utf8))
            try on.close()
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private func command(_ version: String, to place: [String]) throws -> [String] {
        let image = try slipway.file("\(version).img", "gw \(version)")
        return [
            "release", "publish", image, "--name", "gw", "--version", version, "--hardware", "gw-2",
        ] + place
    }

    @Test func inOneFolder() throws {
        let witness = try Witness(slipway)
        let first = try command("1.0", to: ["--repo", "acme"])
        let second = try command("1.1", to: ["--repo", "acme"])
        let slow = try Slow(slipway, first)

        for line in [
            second, ["repo", "refresh", "--repo", "acme"], ["repo", "status", "--repo", "acme"],
        ] {
            let end = try slipway.run(line)
            #expect(end.code == 75, "\(line): \(end.output)")
            #expect(end.errors.contains("somebody else is publishing"))
        }
        #expect(try slow.end() == 0)

        try witness.sees(["gw/1.0/1.0.img": "gw 1.0"])
        #expect(try slipway.run(second).code == 0)
        try witness.sees(["gw/1.0/1.0.img": "gw 1.0", "gw/1.1/1.1.img": "gw 1.1"])
    }

    @Test func toOneServer() throws {
        let server = try TestServer(slipway)
        let witness = try Witness(slipway)
        let slower = ["--keys", "acme/keys", "--server", server.url, "--staged", "slower"]
        let first = try command("1.0", to: slower)
        let second = try command(
            "1.1", to: ["--keys", "acme/keys", "--server", server.url, "--staged", "quicker"])
        let slow = try Slow(slipway, first)

        let won = try slipway.run(second + ["--key", "key.pem"])
        #expect(won.code == 0, "\(won.errors)")
        #expect(try slow.end() == 75)
        try witness.sees(["gw/1.1/1.1.img": "gw 1.1"])

        let again = try slipway.run(first + ["--key", "key.pem"])
        #expect(again.code == 0, "\(again.errors)")
        try witness.sees(["gw/1.0/1.0.img": "gw 1.0", "gw/1.1/1.1.img": "gw 1.1"])
        for place in ["slower", "quicker"] { #expect(try slipway.files(place).isEmpty) }
        // Nothing is left to do for either.
        for line in [first, second] {
            let end = try slipway.run(line)
            #expect(end.output.contains("is already published"), "\(end.errors)")
        }
    }
}

/// The real `slipway-server` on the repository `acme`, on a free port of loopback.
final class TestServer {
    let url: String
    private let process = ChildProcess()

    /// Starts it, and gives `slipway`'s programs the operator's token.
    init(_ slipway: Slipway) throws {
        process.executableURL = Slipway.products.appending(path: "slipway-server")
        process.arguments = [
            "--data", slipway.place("data").path, "--repository",
            slipway.place("acme/repository").path, "--online-keys",
            slipway.place("acme/keys/online").path, "--port", "0",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The server's own word that it listens is what is waited for.
        var said = ""
        while !said.contains("listens on ") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "\(said)")
            said += String(decoding: data, as: UTF8.self)
        }
        url = String(decoding: try slipway.data("data/address"), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        slipway.environment["SLIPWAY_TOKEN_FILE"] = slipway.place("data/operator-token").path
        slipway.environment["no_proxy"] = "*"
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}
