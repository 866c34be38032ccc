import Foundation
internal import Load

/// gooseBit, another update server, with devices that it knows and that poll without a signature.
final class GooseBit {
    private let process: ServedProcess
    private let deviceCount = 64

    /// Starts it on an empty database.
    init(in place: BenchFolder) throws {
        guard let python = ProcessInfo.processInfo.environment["SLIPWAY_BENCH_GOOSEBIT"] else {
            throw BenchProblem.failed("SLIPWAY_BENCH_GOOSEBIT names no Python with gooseBit")
        }
        let folder = place.url.appending(path: "goosebit")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = FreePort.any()
        let settings = [
            "GOOSEBIT_DB_URI": "sqlite://\(folder.path)/goosebit.sqlite",
            "GOOSEBIT_ARTIFACTS_DIR": folder.appending(path: "artifacts").path,
            "GOOSEBIT_PORT": "\(port)",
        ]
        process = try ServedProcess(
            ["sh", "-euc", Self.start, python], in: folder, log: folder.appending(path: "log"),
            environment: settings
        ) { FreePort.isServed(port) ? port : nil }
    }

    func close() { process.end() }

    func figures(seconds: Double) throws -> Figures {
        // The first poll makes a device known, and what it says then makes it idle.
        let greetings = (0..<deviceCount).flatMap { [PlainRequest.get(path($0)), description($0)] }
        let known = try process.load(over: 1, .closed, seconds: 60, greetings)
        try process.refuse(failed: known)
        var device = 0
        let cost = try process.load(over: 8, .closed, seconds: seconds) {
            device = (device + 1) % deviceCount
            return PlainRequest.get(path(device))
        }
        try process.refuse(failed: cost)
        var figures = Figures()
        figures.set("server_cpu_us", to: cost.serverMicroseconds)
        figures.set("client_cpu_us", to: cost.clientMicroseconds)
        figures.set("per_second", to: cost.outcome.perSecond)
        figures.set("p99_ms_closed", to: cost.outcome.milliseconds(percentile: 99))
        return figures
    }

    private func path(_ device: Int) -> String { "/DEFAULT/controller/v1/device-\(device)" }

    private func description(_ device: Int) -> [UInt8] {
        PlainRequest.body(
            "PUT", "\(path(device))/configData",
            Array(
                """
                {"id":"","data":{"hw_boardname":"gw-2","hw_revision":"A","sw_version":"2.4.0"}}
                """.utf8))
    }

    /// In one process, as its own command starts it.
    private static let start = """
        package=$("$0" -c 'import os, goosebit; print(os.path.dirname(goosebit.__file__))')
        cat >pyproject.toml <<END
        [tool.aerich]
        tortoise_orm = "goosebit.db.config.TORTOISE_CONF"
        location = "$package/db/migrations"
        src_folder = "./."
        END
        "$(dirname "$0")/aerich" upgrade
        exec "$0" -m goosebit
        """
}
