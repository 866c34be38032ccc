import Foundation
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// By what the server proves who it is, and whom it asks the same of; read anew when files change.
///
/// TLS 1.2 and 1.3, HTTP/1.1 only. A client's certificate opens the connection and says nothing more:
/// devices are known by their signatures, operators by their tokens.
public final class TLSCredentials: Sendable {
    /// What is asked of clients.
    public enum Clients: String, Hashable, Sendable, CaseIterable {
        case none
        /// Who shows a certificate shows a good one.
        case optional
        case required
    }

    /// Where it all lies, in PEM.
    public struct Files: Hashable, Sendable {
        let certificate: String
        let key: String
        let clients: Clients
        let clientAuthority: String?

        /// - Parameters:
        ///   - certificate: The server's own first, then those that lead to a root.
        ///   - clientAuthority: Roots of clients; needed unless `clients` is `none`.
        public init(
            certificate: String, key: String, clients: Clients, clientAuthority: String?
        ) {
            self.certificate = certificate
            self.key = key
            self.clients = clients
            self.clientAuthority = clientAuthority
        }
    }

    /// Why a file cannot be used, in one sentence.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// What tells one state of a file from the next.
    private struct Stamp: Hashable {
        let file: UInt64?
        let modified: Date?
        let byteCount: UInt64?
    }

    private let files: Files
    private let current: Mutex<(context: NIOSSLContext, stamps: [Stamp])>

    public init(_ files: Files) throws(Problem) {
        self.files = files
        // Taken before reading: what changes in between is read again.
        let stamps = Self.stamps(of: files)
        current = Mutex((try Self.load(files), stamps))
    }

    /// For connections that begin now.
    var context: NIOSSLContext { current.withLock { $0.context } }

    /// Reads the files if they have changed since they were last looked at.
    ///
    /// - Returns: Whether new connections get something new.
    /// - Throws: ``Problem``, once for each change; what was good before goes on.
    public func reloadIfChanged() throws(Problem) -> Bool {
        let stamps = Self.stamps(of: files)
        guard current.withLock({ $0.stamps != stamps }) else { return false }
        current.withLock { $0.stamps = stamps }
        let context = try Self.load(files)
        current.withLock { $0.context = context }
        return true
    }

    private static func stamps(of files: Files) -> [Stamp] {
        [files.certificate, files.key, files.clientAuthority].compactMap { $0 }.map { path in
            // A link is followed, since those who renew certificates turn links.
            let target = URL(filePath: path).resolvingSymlinksInPath().path
            let found = try? FileManager.default.attributesOfItem(atPath: target)
            return Stamp(
                file: (found?[.systemFileNumber] as? NSNumber)?.uint64Value,
                modified: found?[.modificationDate] as? Date,
                byteCount: (found?[.size] as? NSNumber)?.uint64Value)
        }
    }

    private static func load(_ files: Files) throws(Problem) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try certificates(files.certificate).map { .certificate($0) },
            privateKey: .privateKey(try key(files.key)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Who is told to go need not say goodbye.
        configuration.shutdownTimeout = .seconds(1)
        if let authority = files.clientAuthority {
            configuration.trustRoots = .certificates(try certificates(authority))
            configuration.sendCANameList = true
        }
        switch files.clients {
        case .none: configuration.certificateVerification = .none
        case .optional: configuration.certificateVerification = .optionalVerification
        case .required: configuration.certificateVerification = .noHostnameVerification
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw Problem(
                description: "\(files.certificate) and \(files.key) do not fit together: \(error)")
        }
    }

    private static func certificates(_ path: String) throws(Problem) -> [NIOSSLCertificate] {
        let bytes = try read(path)
        guard let all = try? NIOSSLCertificate.fromPEMBytes(bytes), !all.isEmpty else {
            throw Problem(description: "\(path) holds no certificate in PEM")
        }
        return all
    }

    private static func key(_ path: String) throws(Problem) -> NIOSSLPrivateKey {
        let bytes = try read(path)
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        let found = try? FileManager.default.attributesOfItem(atPath: target)
        // A group may read it: that is how some hand keys to services.
        guard let mode = (found?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o037 == 0
        else { throw Problem(description: "\(path) can be read by others; chmod 640 it") }
        do { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) } catch {
            throw Problem(description: "\(path) holds no private key in PEM without a passphrase")
        }
    }

    private static func read(_ path: String) throws(Problem) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Problem(description: "\(path) cannot be read")
        }
        return Array(data)
    }
}
