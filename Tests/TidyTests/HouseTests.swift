import Foundation
import Testing

/// The arrows of the house: who may import whom.
@Suite struct HouseTests {
    /// Which modules each target may import; an arrow that is missing here may not exist.
    static let allowedImports: [String: Set<String>] = [
        "Model": [],
        "JSON": [],
        "Telemetry": ["Synchronization"],
        "Wire": ["JSON", "Model"],
        "Trust": ["JSON", "Model"],
        "Audit": ["JSON", "Model", "Trust", "Wire"],
        "Rollouts": ["Model"],
        "Agent": ["JSON", "Model", "Trust", "Wire"],
        "Orchestrator": [
            "Audit", "JSON", "Model", "Rollouts", "Synchronization", "Trust", "Wire",
        ],
        "OpenSSL": ["COpenSSL", "Glibc", "Model", "Trust"],
        "Curl": ["CCurl", "Model"],
        "Signers": ["CPKCS11", "Glibc", "JSON", "Model", "Trust"],
        "Codecs": ["CLZMA", "CZstd", "Model"],
        "Archives": ["CArchive", "Glibc"],
        "Slots": [
            "Agent", "Archives", "CLinux", "Codecs", "Glibc", "Model", "Synchronization", "Wire",
        ],
        "Postgres": ["CPostgres", "Glibc", "Synchronization"],
        "Programs": ["CMalloc", "Glibc", "Synchronization"],
        "Stores": [
            "Audit", "Dispatch", "Foundation", "GRDB", "JSON", "Model", "Orchestrator", "Postgres",
            "Rollouts", "Synchronization", "Trust", "Wire",
        ],
        "Buckets": ["Curl", "Foundation", "Model", "OpenSSL", "Orchestrator", "Trust"],
        "EventLoops": ["NIOCore"],
        "Server": [
            "Audit", "EventLoops", "Foundation", "Hummingbird", "HummingbirdCore", "JSON",
            "Logging", "Model",
            "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "NIOSSL", "Orchestrator", "Rollouts",
            "ServiceLifecycle", "Synchronization", "Telemetry", "Trust", "Wire", "_NIOFileSystem",
        ],
        "slipway": [
            "ArgumentParser", "Audit", "Codecs", "Curl", "Foundation", "JSON", "Model", "OpenSSL",
            "Rollouts", "Signers", "Synchronization", "Trust", "Wire", "Yams",
        ],
        "slipway-server": [
            "ArgumentParser", "Buckets", "Crypto", "Curl", "Foundation", "JSON", "JWTKit",
            "Logging",
            "Model",
            "OpenSSL",
            "Orchestrator", "Programs", "Rollouts", "Server", "ServiceLifecycle", "Stores",
            "Synchronization", "Telemetry",
            "Trust", "UnixSignals",
        ],
        "SimulatedDisk": ["Agent", "Slots"],
        "Simulation": [
            "Agent", "Audit", "JSON", "Model", "OpenSSL", "Orchestrator", "Rollouts",
            "SimulatedDisk", "Slots", "Stores", "Synchronization", "Trust", "Wire",
        ],
        "slipway-sim": ["ArgumentParser", "Simulation"],
        "Load": ["CEpoll", "Glibc"],
        "slipway-bench": [
            "ArgumentParser", "Audit", "Foundation", "Hummingbird", "JSON", "Load", "Model",
            "OpenSSL", "Orchestrator", "Programs", "Rollouts", "Stores", "Synchronization", "Trust",
            "Wire",
        ],
        "slipway-fuzz": [
            "Foundation", "Glibc", "JSON", "Model", "OpenSSL", "Trust", "Wire",
        ],
        "slipway-tuf": [
            "Agent", "Curl", "JSON", "Model", "OpenSSL", "Slots", "Trust",
        ],
        "slipway-agent": [
            "Agent", "Curl", "JSON", "Model", "OpenSSL", "Slots", "Trust", "Wire",
        ],
    ]

    /// Everything that the agent links, and what must stay pure.
    static let withoutFoundation: Set<String> = [
        "Model", "JSON", "Trust", "Wire", "Audit", "Rollouts", "Orchestrator", "Agent", "OpenSSL",
        "Curl", "Slots", "slipway-agent", "slipway-tuf", "Signers", "Codecs", "Archives",
        "Postgres", "Telemetry",
    ]

    /// The wrapper of each C library, the operating system's included, and of Swift's executors, which
    /// are handed to the runtime as pointers.
    static let unsafeTargets: Set<String> = [
        "Archives", "Codecs", "Curl", "EventLoops", "Load", "OpenSSL", "Postgres", "Programs",
        "Signers",
        "Slots",
    ]

    @Test(arguments: allowedImports.keys.sorted())
    func targetImportsOnlyWhatItMay(target: String) throws {
        let files = try SourceFile.all(under: "Sources/\(target)")
        #expect(!files.isEmpty)
        for file in files {
            let foreign = file.imports.subtracting(Self.allowedImports[target, default: []])
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign.sorted())")
        }
    }

    @Test func everyTargetStandsInTheTable() throws {
        let folder = SourceFile.packageRoot.appending(path: "Sources").path
        let targets = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { !$0.hasPrefix("C") || ["Codecs", "Curl"].contains($0) }
        #expect(Set(targets) == Set(Self.allowedImports.keys))
    }

    @Test(arguments: withoutFoundation.sorted())
    func isFreeOfFoundation(target: String) {
        let imports = Self.allowedImports[target, default: []]
        #expect(imports.isDisjoint(with: ["Foundation", "FoundationEssentials", "Dispatch"]))
    }

    @Test func unsafeCodeStaysInTheWrappers() throws {
        var looked = 0
        for file in try SourceFile.all(under: "Sources")
        where !Self.unsafeTargets.contains(file.target)
            // The door that libFuzzer comes in by, and the one place that runs jobs of Swift's
            // concurrency by hand; nothing that is shipped.
            && !file.path.hasSuffix("Sources/slipway-fuzz/LibFuzzer.swift")
            && !file.path.hasSuffix("Sources/Simulation/Immediately.swift")
        {
            looked += 1
            #expect(
                !file.code.contains(/\bunsafe\b|@unchecked|nonisolated\(unsafe\)/), "\(file.path)")
        }
        #expect(looked > 50)
    }

    @Test func nobodyForcesAnything() throws {
        let files = try SourceFile.all(under: "Sources")
        #expect(files.count > 50)
        for file in files {
            #expect(!file.code.contains(/try!|\bas!|[\w\])]!(?!=)/), "\(file.path)")
        }
    }

    @Test func theAgentsLibrariesAreProducts() throws {
        let manifest = try SourceFile.text(of: "Package.swift")
        for name in ["Agent", "Model", "Trust", "Slots", "Curl", "OpenSSL"] {
            #expect(manifest.contains(#".library(name: "\#(name)", targets: ["\#(name)"])"#))
        }
    }

    @Test func tasksStartOnlyInExecutables() throws {
        let files = try SourceFile.all(under: "Sources").filter {
            !$0.target.hasPrefix("slipway")
        }
        #expect(files.count > 50)
        for file in files {
            #expect(!file.code.contains(/\bTask\s*(\{|\.detached)/), "\(file.path)")
        }
    }
}

/// What the server answers for now says when to come back, at the place where it is made.
@Suite struct ComingBackTests {
    @Test func whatIsTemporarySaysWhen() throws {
        let temporary =
            /\.(tooManyRequests|serviceUnavailable|insufficientStorage|requestTimeout|internalServerError|badGateway|gatewayTimeout)\b|HTTP\/1\.1 (408|429|50\d)/
        var looked = 0
        for file in try SourceFile.all(under: "Sources/Server")
        where !file.path.contains("/OpenAPI/") {
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() where line.contains(temporary) {
                looked += 1
                let near = lines[number..<min(number + 3, lines.count)].joined()
                #expect(
                    near.contains(/retryAfter|Retry-After/), "\(file.path):\(number + 1)")
            }
        }
        #expect(looked > 6)
    }
}
