internal import Foundation

/// A folder of certificates for one test, made by the `openssl` program and removed with it.
///
/// `authority.pem` is the one that signs; `other.pem` is one that nobody trusts.
public final class Certificates {
    public let path: String

    /// What `openssl` wants to be told of a certificate.
    public struct Wish {
        public var name: String
        public var subjectAlternativeName: String
        public var begins: String
        public var ends: String
        public var authority: String

        public init(
            name: String = "server", subjectAlternativeName: String = "IP:127.0.0.1",
            begins: String = "20200101000000Z", ends: String = "20900101000000Z",
            authority: String = "authority"
        ) {
            self.name = name
            self.subjectAlternativeName = subjectAlternativeName
            self.begins = begins
            self.ends = ends
            self.authority = authority
        }
    }

    public init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "slipway-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        for name in ["authority", "other"] {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)",
                "-days", "20000")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes `NAME.pem` and `NAME.key`.
    public func make(_ wish: Wish) throws {
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "\(wish.name).key", "-out", "\(wish.name).csr", "-subj", "/CN=\(wish.name)")
        try write(
            """
            [ca]
            default_ca = own
            [own]
            new_certs_dir = .
            database = \(wish.name).index
            rand_serial = yes
            default_md = sha256
            policy = any
            x509_extensions = names
            unique_subject = no
            [any]
            commonName = supplied
            [names]
            subjectAltName = \(wish.subjectAlternativeName)
            """, to: "\(wish.name).cnf")
        try write("", to: "\(wish.name).index")
        try openssl(
            "ca", "-batch", "-notext", "-config", "\(wish.name).cnf", "-cert",
            "\(wish.authority).pem", "-keyfile", "\(wish.authority).key", "-in",
            "\(wish.name).csr", "-out", "\(wish.name).pem", "-startdate", wish.begins, "-enddate",
            wish.ends)
    }

    /// Encrypts `NAME.key` as `NAME.locked.key`.
    public func lock(_ name: String, passphrase: String) throws {
        try openssl(
            "pkcs8", "-topk8", "-in", "\(name).key", "-out", "\(name).locked.key", "-passout",
            "pass:\(passphrase)")
    }

    public func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    private func openssl(_ words: String...) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = words
        process.currentDirectoryURL = URL(filePath: path)
        let complaints = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = complaints
        try process.run()
        let text = try complaints.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FilterFailed(
                words: ["openssl"] + words + [String(decoding: text, as: UTF8.self)],
                status: process.terminationStatus)
        }
    }
}
