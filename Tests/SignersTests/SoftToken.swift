import Foundation
import Glibc
import Signers
import Testing

/// Tokens of SoftHSM in a folder of their own, for the whole life of this process.
struct SoftToken: Sendable {
    static let module = "/usr/lib/softhsm/libsofthsm2.so"
    static let label = "slipway 1"
    static let pin = Array("567890".utf8)
    private static let pinText = "567890"

    /// SoftHSM asks the environment where it is, and this process may change that only once.
    static let shared = Result { try SoftToken() }

    private let folder: TemporaryFolder

    private init() throws {
        folder = try TemporaryFolder()
        // What is global has no end of life that would remove it.
        atexit {
            guard let path = try? SoftToken.shared.get().folder.path else { return }
            try? FileManager.default.removeItem(atPath: path)
        }
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/tokens", withIntermediateDirectories: false)
        let configuration = try folder.write(
            "directories.tokendir = \(folder.path)/tokens\n", to: "softhsm2.conf")
        try #require(setenv("SOFTHSM2_CONF", configuration, 1) == 0)
        for label in [Self.label, "twin", "twin"] {
            try run(
                "softhsm2-util",
                [
                    "--init-token", "--free", "--label", label, "--so-pin", "1234",
                    "--pin", Self.pinText,
                ])
        }
        try makeKey("EC:edwards25519", label: "ed", id: "01")
        try makeKey("EC:prime256v1", label: "p256", id: "02ff")
        try makeKey("rsa:2048", label: "rsa", id: "03")
        try makeKey("EC:secp384r1", label: "p384", id: "04")
        try makeKey("EC:prime256v1", label: "same", id: "05")
        try makeKey("EC:edwards25519", label: "same", id: "06")
        try makeKey("EC:prime256v1", label: "half", id: "07")
        try tool(["--delete-object", "--type", "pubkey", "--id", "07"])
        try makeKey("EC:prime256v1", label: "clé; 1%", id: "08", "--always-auth")
        try makeKey("EC:edwards25519", label: "nameless")
    }

    private func makeKey(
        _ type: String, label: String, id: String? = nil, _ options: String...
    ) throws {
        try tool(
            ["--keypairgen", "--key-type", type, "--label", label]
                + (id.map { ["--id", $0] } ?? []) + options)
    }

    private func tool(_ arguments: [String]) throws {
        try run(
            "pkcs11-tool",
            [
                "--module", Self.module, "--token-label", Self.label, "--login", "--pin",
                Self.pinText,
            ]
                + arguments)
    }

    func uri(
        _ key: String, token: String = "slipway%201", module: String = Self.module
    ) throws -> PKCS11URI {
        let separator = key.isEmpty ? "" : ";"
        return try PKCS11URI(
            parsing: "pkcs11:token=\(token)\(separator)\(key)?module-path=\(module)")
    }
}
