import Foundation
internal import OpenSSL

/// Where programs take turns: one image, one slot for it, a signer's key, and a web server.
final class InstallStage {
    let folder: URL
    private var server: Process?
    /// Without a slash at its end; what it serves lies in ``site``.
    private(set) var address = ""

    var image: URL { folder.appending(path: "image.img") }
    var slot: URL { folder.appending(path: "slot.img") }
    var site: URL { folder.appending(path: "site") }

    init(in parent: String, mebibytes: Int) throws {
        folder = URL(filePath: parent).appending(path: "slipway-bench-\(UUID())")
        do {
            try FileManager.default.createDirectory(at: site, withIntermediateDirectories: true)
            try write(image, mebibytes: mebibytes) { try Data(SecureRandom.bytes(1_048_576)) }
            let zeros = Data(count: 1_048_576)
            try write(slot, mebibytes: mebibytes) { zeros }
            try shell(Self.keys)
            try startServer()
        } catch {
            close()
            throw error
        }
    }

    func close() {
        server?.end()
        try? FileManager.default.removeItem(at: folder)
    }

    /// What `installer` takes for the image, which is then in the slot.
    func cost(of installer: any Installer) throws -> InstallCost {
        try wipeSlot()
        do {
            let cost = try InstallWatch.cost(of: installer)
            try shell("cmp image.img slot.img")
            return cost
        } catch {
            throw BenchProblem.failed("\(installer.name): \(error)\n\(log(installer.name))")
        }
    }

    /// A program that finds this folder as its own, with what it says in the log of that name.
    func process(
        _ command: [String], log name: String, environment: [String: String] = [:]
    ) throws -> Process {
        let log = logFile(name)
        try Data().write(to: log)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        var all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Where web servers are, and not everybody looks.
        all["PATH"] = "\(all["PATH"] ?? "/usr/bin:/bin"):/usr/sbin"
        process.environment = all
        process.standardInput = FileHandle.nullDevice
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        return process
    }

    func logFile(_ name: String) -> URL { folder.appending(path: "\(name).log") }

    /// Runs commands in this folder; the first that fails ends them.
    func shell(_ script: String, environment: [String: String] = [:]) throws {
        let process = try process(
            ["sh", "-euc", script], log: "shell", environment: environment)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchProblem.failed(log("shell")) }
    }

    /// Waits for what another program does.
    func wait(for what: String, until isDone: () throws -> Bool) throws {
        let begin = ContinuousClock.now
        while try !isDone() {
            guard ContinuousClock.now - begin < .seconds(60) else {
                throw BenchProblem.failed("there is no \(what)")
            }
            usleep(20_000)
        }
    }

    private func log(_ name: String) -> String {
        let text = (try? String(contentsOf: logFile(name), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(20).joined(separator: "\n")
    }

    /// Zeros in the place of all bytes; memory that the slot has, it keeps.
    private func wipeSlot() throws {
        let handle = try FileHandle(forUpdating: slot)
        defer { try? handle.close() }
        let length = try handle.seekToEnd()
        try handle.seek(toOffset: 0)
        let zeros = Data(count: 1_048_576)
        for _ in 0..<length / 1_048_576 { try handle.write(contentsOf: zeros) }
    }

    private func write(_ file: URL, mebibytes: Int, piece: () throws -> Data) throws {
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        for _ in 0..<mebibytes { try handle.write(contentsOf: piece()) }
    }

    /// nginx cannot take any port that is free: ports are tried until one is.
    private func startServer() throws {
        for _ in 0..<5 {
            let port = Int.random(in: 20_000..<60_000)
            try Data(configuration(port: port).utf8).write(
                to: folder.appending(path: "nginx.conf"))
            let process = try process(
                ["nginx", "-p", folder.path, "-c", "nginx.conf", "-e", "nginx.log"], log: "nginx")
            try process.run()
            let pid = folder.appending(path: "nginx.pid").path
            try wait(for: "web server") {
                FileManager.default.fileExists(atPath: pid) || !process.isRunning
            }
            guard process.isRunning else { continue }
            server = process
            address = "http://127.0.0.1:\(port)"
            return
        }
        throw BenchProblem.failed("nginx does not start: \(log("nginx"))")
    }

    private func configuration(port: Int) -> String {
        let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "    \($0)_temp_path scratch;\n" }.joined()
        return """
            daemon off;
            master_process off;
            pid nginx.pid;
            events {}
            http {
                access_log off;
                sendfile on;
            \(scratch)    server { listen 127.0.0.1:\(port); root site; }
            }
            """
    }

    /// The key that signs for the other programs, and its certificate.
    private static let keys = """
        openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem \
            -subj /CN=bench -days 30 -addext extendedKeyUsage=emailProtection,codeSigning
        openssl pkey -in key.pem -pubout -out public.pem
        """
}
