import Foundation
import Testing

/// Images that are not what a slot holds byte for byte.
@Suite struct FormatCommandTests {
    private let slipway: Slipway
    static let text = String(repeating: "firmware ", count: 5000)
    /// Of ``text``, as `sha256sum` says it.
    private let digest: String

    init() throws {
        slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let plain = try slipway.file("plain.img", Self.text)
        let end = try slipway.run(
            URL(filePath: "/usr/bin/env"), ["sha256sum", plain])
        digest = String(end.output.prefix(64))
    }

    private func compressed(_ program: String, _ ending: String, _ options: [String] = []) throws
        -> String
    {
        let plain = slipway.folder.appending(path: "plain.img").path
        let image = slipway.folder.appending(path: "plain.img\(ending)").path
        let end = try slipway.run(
            URL(filePath: "/bin/sh"),
            ["-c", "\(([program, "-c"] + options).joined(separator: " ")) < \(plain) > \(image)"])
        try #require(end.code == 0)
        return image
    }

    private func json(_ output: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }

    @Test(arguments: [("zstd", ".zst", "raw+zstd"), ("xz", ".xz", "raw+xz")])
    func signsWhatTheSlotIsToHold(program: String, ending: String, format: String) throws {
        let image = try compressed(program, ending)
        let end = try slipway.publish(image, more: ["--format", format, "--json"])
        #expect(end.code == 0, "\(end.errors)")
        #expect(end.errors.isEmpty)
        let answer = try json(end.output)
        #expect(answer["format"] as? String == format)
        #expect(answer["installed_size"] as? Int == Self.text.utf8.count)
        #expect(answer["installed_sha256"] as? String == digest)
        #expect(
            try slipway.publish(image, more: ["--format", format]).output
                .contains("already published"))
        // The same bytes as something else are another image of the same version.
        #expect(try slipway.publish(image, more: ["--format", "raw"]).code != 0)
    }

    @Test(arguments: ["tar", "installer"])
    func ofOthersTheImageItselfIsSigned(format: String) throws {
        let image = try slipway.file("some.file", "some bytes")
        let answer = try json(
            slipway.publish(image, more: ["--format", format, "--json"]).output)
        #expect(answer["format"] as? String == format)
        #expect(answer["installed_size"] as? Int == 10)
    }

    @Test(arguments: [("zstd", ".zst", "raw+zstd"), ("xz", ".xz", "raw+xz")])
    func whatLooksCompressedIsAskedAbout(program: String, ending: String, format: String) throws {
        let image = try compressed(program, ending)
        let end = try slipway.publish(image)
        #expect(end.code == 0)
        #expect(end.errors.contains("say so: --format \(format)"))
        #expect(try slipway.publish(image, more: ["--format", "raw"]).errors.isEmpty)
    }

    @Test func whatIsNotOfTheFormatIsRefused() throws {
        let image = try slipway.file("firmware.zst", "not compressed")
        let end = try slipway.publish(image, more: ["--format", "raw+zstd"])
        #expect(end.code != 0)
        #expect(end.errors.contains("damaged"))
        #expect(try slipway.publish(image, more: ["--format", "floppy"]).code != 0)
    }

    @Test func aWindowThatDevicesMustBeToldOfIsSaid() throws {
        let large = slipway.folder.appending(path: "plain.img")
        try Data(count: 70_000_000).write(to: large)
        let image = try compressed("xz", ".xz", ["-9"])
        let end = try slipway.publish(image, more: ["--format", "raw+xz"])
        #expect(end.code == 0)
        #expect(end.errors.contains("\"window_bytes\": 67108864"))
        let wide = try compressed("zstd", ".zst", ["--long=27"])
        #expect(
            try slipway.publish(wide, version: "3.0.0", more: ["--format", "raw+zstd"]).code != 0)
    }
}
