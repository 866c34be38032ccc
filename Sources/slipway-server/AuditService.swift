internal import Logging
internal import Orchestrator
internal import ServiceLifecycle

/// Signs the log of changes at the start, again and again, and at the end.
///
/// To stand before all services that change anything: it then ends after them.
struct AuditService: Service {
    let orchestrator: Orchestrator
    let logger: Logger

    private static let period = Duration.seconds(15)

    func run() async throws {
        await sign { _ = try await orchestrator.signAudit() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                guard !Task.isCancelled else { return }
                await sign { try await orchestrator.signAuditWhenDue() }
            }
        }
        await sign { _ = try await orchestrator.signAudit() }
    }

    private func sign(_ body: () async throws -> Void) async {
        do { try await body() } catch {
            // The rows are there all the same, and the next signature covers them.
            logger.error("signing the log failed", metadata: ["reason": "\(error)"])
        }
    }
}
