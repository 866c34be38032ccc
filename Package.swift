// swift-tools-version: 6.2
import PackageDescription

// Settings every Swift target shares. A target that needs something else says so, with a reason.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
let strict = common + [.strictMemorySafety()]

// Tests stand outside the memory-safety wall: they may handle raw bytes to attack us.
let testing = common

func library(_ product: String, in package: String) -> Target.Dependency {
    .product(name: product, package: package)
}

let argumentParser = library("ArgumentParser", in: "swift-argument-parser")
let logging = library("Logging", in: "swift-log")

// The arrows of the house, from the lowest floor to the highest. `Tests/TidyTests` holds the same
// table against the imports in the source text.
let package = Package(
    name: "slipway",
    products: [
        .library(name: "Agent", targets: ["Agent"]),
        .library(name: "Model", targets: ["Model"]),
        .library(name: "Trust", targets: ["Trust"]),
        .library(name: "Slots", targets: ["Slots"]),
        .library(name: "Curl", targets: ["Curl"]),
        .library(name: "OpenSSL", targets: ["OpenSSL"]),
        .executable(name: "slipway", targets: ["slipway"]),
        .executable(name: "slipway-server", targets: ["slipway-server"]),
        .executable(name: "slipway-agent", targets: ["slipway-agent"]),
        .executable(name: "slipway-tuf", targets: ["slipway-tuf"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPKCS11"),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),
        // Loaded when it is needed, so that nothing of it is needed to build.
        .systemLibrary(name: "CArchive"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CPostgres", providers: [.apt(["libpq-dev"])]),

        .target(name: "Model", swiftSettings: strict),
        .target(name: "JSON", swiftSettings: strict),
        .target(name: "Telemetry", swiftSettings: strict),

        .target(name: "Rollouts", dependencies: ["Model"], swiftSettings: strict),
        .target(name: "Trust", dependencies: ["JSON", "Model"], swiftSettings: strict),
        .target(name: "Wire", dependencies: ["JSON", "Model"], swiftSettings: strict),
        .target(
            name: "Audit", dependencies: ["JSON", "Model", "Trust", "Wire"],
            swiftSettings: strict),

        .target(
            name: "Agent", dependencies: ["JSON", "Model", "Trust", "Wire"],
            swiftSettings: strict),
        .target(
            name: "Orchestrator",
            dependencies: ["Audit", "JSON", "Model", "Rollouts", "Trust", "Wire"],
            swiftSettings: strict),

        .target(
            name: "OpenSSL", dependencies: ["COpenSSL", "Model", "Trust"],
            swiftSettings: strict),
        .target(name: "Programs", dependencies: ["CMalloc"], swiftSettings: strict),
        .target(name: "Curl", dependencies: ["CCurl", "Model"], swiftSettings: strict),
        .target(
            name: "Signers", dependencies: ["CPKCS11", "JSON", "Model", "Trust"],
            swiftSettings: strict),
        .target(
            name: "Codecs", dependencies: ["CLZMA", "CZstd", "Model"], swiftSettings: strict),
        .target(name: "Archives", dependencies: ["CArchive"], swiftSettings: strict),
        .target(
            name: "Slots",
            dependencies: ["Agent", "Archives", "CLinux", "Codecs", "Model", "Wire"],
            swiftSettings: strict),
        .target(name: "Postgres", dependencies: ["CPostgres"], swiftSettings: strict),
        .target(
            name: "Stores",
            dependencies: [
                "Audit", "JSON", "Model", "Orchestrator", "Postgres", "Rollouts", "Trust", "Wire",
                library("GRDB", in: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "Buckets", dependencies: ["Curl", "Model", "OpenSSL", "Orchestrator", "Trust"],
            swiftSettings: strict),
        .target(
            name: "EventLoops", dependencies: [library("NIOCore", in: "swift-nio")],
            swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "Audit", "EventLoops", "JSON", "Model", "Orchestrator", "Rollouts", "Telemetry",
                "Trust", "Wire",
                library("Hummingbird", in: "hummingbird"),
                library("HummingbirdCore", in: "hummingbird"), logging,
                library("NIOCore", in: "swift-nio"), library("NIOHTTP1", in: "swift-nio"),
                library("NIOHTTPTypes", in: "swift-nio-extras"),
                library("NIOSSL", in: "swift-nio-ssl"),
                library("_NIOFileSystem", in: "swift-nio"),
                library("ServiceLifecycle", in: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        .executableTarget(
            name: "slipway",
            dependencies: [
                "Audit", "Codecs", "Curl", "JSON", "Model", "OpenSSL", "Rollouts", "Signers",
                "Trust", "Wire",
                argumentParser, library("Yams", in: "Yams"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "slipway-server",
            dependencies: [
                "Buckets", "Curl", "JSON", "Model", "OpenSSL", "Orchestrator", "Programs",
                "Rollouts", "Server", "Stores", "Telemetry", "Trust", argumentParser,
                library("Crypto", in: "swift-crypto"), logging,
                library("JWTKit", in: "jwt-kit"),
                library("ServiceLifecycle", in: "swift-service-lifecycle"),
                library("UnixSignals", in: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "slipway-agent",
            dependencies: ["Agent", "Curl", "JSON", "Model", "OpenSSL", "Slots", "Trust", "Wire"],
            swiftSettings: strict),
        // A disk in memory whose power fails: for tests of what is written to disks, and for the
        // simulation of whole fleets.
        .target(
            name: "SimulatedDisk", dependencies: ["Agent", "Slots"], swiftSettings: strict),
        .target(
            name: "Simulation",
            dependencies: [
                "Agent", "Audit", "JSON", "Model", "OpenSSL", "Orchestrator", "Rollouts",
                "SimulatedDisk", "Slots", "Stores", "Trust", "Wire",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "slipway-sim", dependencies: ["Simulation", argumentParser],
            swiftSettings: strict),
        // Makes load for benchmarks.
        .target(name: "Load", dependencies: ["CEpoll"], swiftSettings: strict),
        .executableTarget(
            name: "slipway-bench",
            dependencies: [
                "Audit", "JSON", "Load", "Model", "OpenSSL", "Orchestrator", "Programs", "Rollouts",
                "Stores", "Trust", "Wire", argumentParser,
                library("Hummingbird", in: "hummingbird"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "slipway-fuzz", dependencies: ["JSON", "Model", "OpenSSL", "Trust", "Wire"],
            swiftSettings: strict),
        .executableTarget(
            name: "slipway-tuf",
            dependencies: ["Agent", "Curl", "JSON", "Model", "OpenSSL", "Slots", "Trust"],
            swiftSettings: strict),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: testing),
        .target(
            name: "AgentSupport",
            dependencies: [
                "Agent", "JSON", "Model", "OpenSSL", "SimulatedDisk", "Slots", "TestSupport",
                "Trust", "Wire",
            ], path: "Tests/AgentSupport", swiftSettings: testing),
        .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: testing),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: testing),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: testing),
        .testTarget(
            name: "WireTests", dependencies: ["JSON", "Model", "OpenSSL", "Trust", "Wire"],
            swiftSettings: testing),
        .testTarget(
            name: "TrustTests", dependencies: ["JSON", "Model", "OpenSSL", "Trust"],
            swiftSettings: testing),
        .testTarget(
            name: "AuditTests",
            dependencies: ["Audit", "JSON", "Model", "OpenSSL", "TestSupport", "Trust", "Wire"],
            swiftSettings: testing),
        .testTarget(
            name: "RolloutsTests", dependencies: ["Model", "Rollouts"], swiftSettings: testing),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Agent", "AgentSupport", "Curl", "JSON", "Model", "OpenSSL", "Slots", "Trust",
                "Wire",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "OpenSSLTests", dependencies: ["Model", "OpenSSL", "TestSupport", "Trust"],
            swiftSettings: testing),
        .testTarget(
            name: "CurlTests",
            dependencies: [
                "Agent", "Curl", "JSON", "Model", "Slots", "TestSupport", "slipway-agent",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "CodecsTests", dependencies: ["Codecs", "Model", "TestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "SignersTests",
            dependencies: ["Model", "OpenSSL", "Signers", "TestSupport", "Trust"],
            swiftSettings: testing),
        .testTarget(
            name: "SlotsTests",
            dependencies: [
                "Agent", "AgentSupport", "JSON", "Model", "OpenSSL", "SimulatedDisk", "Slots",
                "TestSupport", "Trust", "Wire", "slipway-agent",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "OrchestratorTests",
            dependencies: [
                "Audit", "JSON", "Model", "OpenSSL", "Orchestrator", "Rollouts", "Stores",
                "TestSupport", "Trust", "Wire",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "StoresTests",
            dependencies: [
                "Audit", "JSON", "Model", "OpenSSL", "Orchestrator", "Rollouts", "Stores",
                "TestSupport", "Trust", "Wire",
            ],
            exclude: ["version1.sql", "version2.sql"], swiftSettings: testing),
        .testTarget(
            name: "BucketsTests",
            dependencies: [
                "Buckets", "Curl", "Model", "OpenSSL", "Orchestrator", "TestSupport", "Trust",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Audit", "Curl", "JSON", "Model", "OpenSSL", "Orchestrator", "Rollouts", "Server",
                "Stores", "TestSupport", "Trust", "Wire", "slipway", "slipway-agent",
                "slipway-server", library("Hummingbird", in: "hummingbird"),
                library("NIOCore", in: "swift-nio"), argumentParser,
            ],
            swiftSettings: testing),
        .testTarget(
            name: "OIDCTests",
            dependencies: [
                "JSON", "Model", "OpenSSL", "Orchestrator", "Server", "TestSupport", "Trust",
                "slipway-server",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "OutsideGateTests",
            dependencies: [
                "JSON", "Model", "Orchestrator", "Rollouts", "Server", "TestSupport",
                "slipway-server",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "Curl", "Model", "OpenSSL", "Rollouts", "TestSupport", "Trust", "Wire", "slipway",
                "slipway-server",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "FuzzTests", dependencies: ["slipway-fuzz"], exclude: ["Corpus", "words.dict"],
            swiftSettings: testing),
        .testTarget(
            name: "TUFClientTests",
            dependencies: ["JSON", "Model", "OpenSSL", "TestSupport", "Trust", "slipway-tuf"],
            swiftSettings: testing),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "TestSupport", "slipway", "slipway-agent", "slipway-server", "slipway-tuf",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "InteropTests", dependencies: ["TestSupport", "slipway", "slipway-tuf"],
            swiftSettings: testing),
        .testTarget(
            name: "MachineTests",
            dependencies: ["Model", "TestSupport", "Wire", "slipway", "slipway-server"],
            exclude: ["Image"], swiftSettings: testing),
        .testTarget(
            name: "FleetSimulationTests",
            dependencies: ["Simulation", "TestSupport", "slipway-sim"],
            exclude: ["mutants.txt", "seeds.txt"],
            swiftSettings: testing),
        .testTarget(name: "TidyTests", swiftSettings: testing),
    ]
)
