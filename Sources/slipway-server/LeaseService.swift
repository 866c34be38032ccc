internal import Logging
internal import Orchestrator
internal import Server
internal import ServiceLifecycle

/// Looks after the lease by which one server steps, and gives it up at the end.
///
/// Not a part of ``SteppingService``: a long look at a large fleet must not let others think that
/// this server is dead.
struct LeaseService: Service {
    let orchestrator: Orchestrator
    let seat: SteppingSeat
    let observatory: Observatory
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastProblem: Refusal?
            while !Task.isCancelled {
                do throws(Refusal) {
                    tell(try await orchestrator.tend(seat))
                    lastProblem = nil
                } catch {
                    // Twice a second would be too often to say the same.
                    if lastProblem != error {
                        logger.error(
                            "the lease cannot be looked after", metadata: ["reason": "\(error)"])
                    }
                    lastProblem = error
                }
                observatory.note(stepping: seat.right)
                try? await Task.sleep(for: SteppingSeat.lookPeriod)
            }
        }
        do { try await orchestrator.leave(seat) } catch {
            // Others see by themselves that nobody renews it.
            logger.warning("the lease is not given up", metadata: ["reason": "\(error)"])
        }
        observatory.note(stepping: nil)
    }

    private func tell(_ change: SteppingChange) {
        switch change {
        case .none: return
        case .took(let right, let former):
            logger.notice(
                "this server steps rollouts from now on",
                metadata: [
                    "epoch": "\(right.epoch)", "server": "\(seat.server.name)",
                    "instead_of": "\(former?.name ?? "nobody")",
                ])
        case .lost(let other):
            logger.warning(
                "another server steps rollouts from now on",
                metadata: [
                    "server": "\(seat.server.name)", "instead": "\(other?.name ?? "nobody")",
                ])
        }
    }
}
