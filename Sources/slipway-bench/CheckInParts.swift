internal import ArgumentParser
import Foundation
internal import Hummingbird
internal import Load
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Stores
internal import Trust
internal import Wire

/// What the parts of a check-in take by themselves, of which no server takes less.
struct CheckInParts {
    private let fleet: CheckInFleet
    private let server: ServerSite
    private let seconds: Double
    private let message: SignedMessage<CheckIn>
    private let key: Ed25519PrivateKey

    init(_ fleet: CheckInFleet, _ server: ServerSite, seconds: Double) throws {
        self.fleet = fleet
        self.server = server
        self.seconds = seconds
        key = try fleet.key(ofActive: 0)
        message = try CheckInMessages.message(
            fleet.activeDevice(0), 2, key, BenchRollouts(Instant(secondsSinceEpoch: 0)))
    }

    func figures() async throws -> Figures {
        var figures = Figures()
        figures.set("bare_route_cpu_us", to: try bareRoute())
        figures.set("verify_cpu_us", to: try verification())
        figures.set("asynchronous_read_cpu_us", to: try await read())
        return figures
    }

    private func bareRoute() throws -> Double {
        let port = FreePort.any()
        let process = try ServedProcess(
            [CommandLine.arguments[0], "bare-route", "\(port)"],
            log: server.database.deletingLastPathComponent().appending(path: "bare.log")
        ) { FreePort.isServed(port) ? port : nil }
        defer { process.end() }
        let request = PlainRequest.post("/device/v1/check-in", message.bytes)
        let cost = try process.load(over: 64, .closed, seconds: min(2, seconds)) { request }
        try process.refuse(failed: cost)
        return cost.serverMicroseconds
    }

    private func verification() throws -> Double {
        guard let signature = message.signatures.first?.value else {
            throw BenchProblem.failed("a message is signed")
        }
        let checker = OpenSSLSignatureChecker()
        let (count, payload) = (5000, message.payload)
        var valid = 0
        let took = ProcessorTime.seconds {
            for _ in 0..<count
            where checker.isValid(signature, by: key.publicKey, over: payload) { valid += 1 }
        }
        guard valid == count else { throw BenchProblem.failed("a good signature was refused") }
        return took / Double(count) * 1e6
    }

    private func read() async throws -> Double {
        let store = try SQLiteStore(path: server.database.path)
        let devices = try (0..<min(5000, fleet.activeCount)).map { try fleet.activeDevice($0) }
        let begin = ProcessorTime.seconds
        for device in devices {
            guard try await store.read({ try $0.device(device) }) != nil else {
                throw BenchProblem.failed("device \(device) is not there")
            }
        }
        return (ProcessorTime.seconds - begin) / Double(devices.count) * 1e6
    }
}

/// A server that takes a body and answers as many bytes as a directive has.
struct BareRoute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare-route", abstract: "Serve one empty route.", shouldDisplay: false)

    @Argument var port: Int

    func run() async throws {
        let router = Router()
        let answer = ByteBuffer(repeating: UInt8(ascii: " "), count: 400)
        router.post("device/v1/check-in") { request, _ in
            _ = try await request.body.collect(upTo: 65_536)
            return Response(status: .ok, body: ResponseBody(byteBuffer: answer))
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)))
        try await application.run()
    }
}
