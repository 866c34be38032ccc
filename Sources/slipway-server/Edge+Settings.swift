internal import Logging
internal import Programs
internal import Server

extension Edge {
    init(_ settings: EdgeSettings, logger: Logger) throws(ServerProblem) {
        let credentials: TLSCredentials?
        do {
            credentials = try settings.files().map { files throws(TLSCredentials.Problem) in
                try TLSCredentials(files)
            }
        } catch let problem as ServerSettings.Problem {
            throw .configuration("\(problem)")
        } catch { throw .configuration("\(error)") }
        var limits = settings.limits
        let room = EdgeLimits.connections(descriptorCount: OpenFiles.raiseLimit())
        if limits.connections > room {
            logger.warning(
                "there are too few file descriptors",
                metadata: ["connections": "\(room)", "wanted": "\(limits.connections)"])
            limits.connections = room
        }
        let start = ContinuousClock.now
        self.init(limits: limits, proxies: settings.proxies, credentials: credentials) {
            let passed = (ContinuousClock.now - start).components
            return passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
        }
    }
}
