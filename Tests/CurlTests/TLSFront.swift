import Foundation
import TestSupport
import Testing

/// An nginx on 127.0.0.1 that takes TLS off and asks a ``LoopbackServer``; it ends with its life.
final class TLSFront {
    let port: UInt16
    /// Kept, so that it lives as long as its front.
    let server: LoopbackServer
    private let process: ChildProcess
    private let life: Pipe

    /// What the front does besides.
    struct Conduct {
        var certificate = "server"
        var protocols = "TLSv1.2 TLSv1.3"
        var speaksHTTP2 = false
        /// The certificates that clients have to be signed by.
        var clientAuthority: String?
    }

    var url: String { "https://127.0.0.1:\(port)" }

    init(
        _ conduct: Conduct = Conduct(), before server: LoopbackServer, in folder: Certificates
    ) throws {
        self.server = server
        // Somebody may take the port in between; nginx then says so and ends.
        for _ in 0..<10 {
            let port = try LoopbackServer.deadPort()
            try folder.write(
                Self.configuration(conduct, port: port, server: server.url, folder: folder.path),
                to: "nginx.conf")
            if let (process, life) = try Self.start(in: folder.path) {
                (self.port, self.process, self.life) = (port, process, life)
                return
            }
        }
        throw POSIXError(.EADDRINUSE)
    }

    deinit {
        try? life.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Starts nginx under a shell that ends it when this process ends, however that happens.
    ///
    /// The signals that a test's thread blocks are blocked in what it starts too, all but one.
    private static func start(in folder: String) throws -> (ChildProcess, Pipe)? {
        let process = ChildProcess()
        let life = Pipe()
        let words = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "nginx -p \"$0\" -c \"$0/nginx.conf\" & cat > /dev/null; kill -9 $!; wait $!",
            folder,
        ]
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardInput = life
        process.standardOutput = words
        process.standardError = words
        try process.run()
        try words.fileHandleForWriting.close()
        var text = ""
        while case let more = words.fileHandleForReading.availableData, !more.isEmpty {
            text += String(decoding: more, as: UTF8.self)
            // Said once the socket listens.
            if text.contains("method") { return (process, life) }
            if text.contains("[emerg]") { break }
        }
        try life.fileHandleForWriting.close()
        process.waitUntilExit()
        try #require(text.contains("in use"), "nginx did not start: \(text)")
        return nil
    }

    private static func configuration(
        _ conduct: Conduct, port: UInt16, server: String, folder: String
    ) -> String {
        let clients = conduct.clientAuthority.map {
            "ssl_verify_client on; ssl_client_certificate \(folder)/\($0).pem;"
        }
        return """
            daemon off;
            master_process off;
            pid \(folder)/nginx.pid;
            error_log stderr notice;
            events {}
            http {
              access_log off;
              client_body_temp_path \(folder)/body;
              proxy_temp_path \(folder)/proxy;
              fastcgi_temp_path \(folder)/fastcgi;
              uwsgi_temp_path \(folder)/uwsgi;
              scgi_temp_path \(folder)/scgi;
              server {
                listen 127.0.0.1:\(port) ssl\(conduct.speaksHTTP2 ? " http2" : "");
                ssl_certificate \(folder)/\(conduct.certificate).pem;
                ssl_certificate_key \(folder)/\(conduct.certificate).key;
                ssl_protocols \(conduct.protocols);
                ssl_ciphers ALL:@SECLEVEL=0;
                \(clients ?? "")
                location / {
                  proxy_pass \(server);
                  proxy_http_version 1.1;
                  proxy_set_header X-Protocol $server_protocol;
                  proxy_set_header X-Client $ssl_client_s_dn;
                  proxy_buffering off;
                }
              }
            }
            """
    }
}
