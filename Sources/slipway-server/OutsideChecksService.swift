internal import Logging
internal import Orchestrator
internal import ServiceLifecycle

/// Asks the outside checks of gates for which it is time, again and again, while this is the server
/// that steps.
///
/// Not a part of ``SteppingService``: whoever is asked may take a minute to answer. Neither leases
/// nor other checks wait for that.
struct OutsideChecksService: Service {
    let orchestrator: Orchestrator
    let seat: SteppingSeat
    let logger: Logger

    private static let period = Duration.seconds(1)

    /// One more than there are questions at once, so that one always looks for what is due.
    private static let maximumTaskCount = 9

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                var taskCount = 0
                while !Task.isCancelled {
                    if taskCount == Self.maximumTaskCount {
                        await group.next()
                        taskCount -= 1
                    }
                    group.addTask { await ask() }
                    taskCount += 1
                    try? await Task.sleep(for: Self.period)
                }
            }
        }
    }

    private func ask() async {
        guard let right = seat.right else { return }
        do { try await orchestrator.askOutsideChecks(by: right) } catch {
            logger.error("asking outside failed", metadata: ["reason": "\(error)"])
        }
    }
}
