internal import Logging
internal import Model
internal import Orchestrator
internal import Server
internal import ServiceLifecycle
internal import Synchronization

/// Delivers events to web hooks while this is the server that steps, each in a task of its own: a
/// slow address holds up no other.
struct WebHookService: Service {
    private let orchestrator: Orchestrator
    private let observatory: Observatory
    private let logger: Logger
    private let sender = WebHookSender()
    private let seat: SteppingSeat
    private let busy = BusyWebHooks()

    /// How long a delivery that has become due may wait.
    private static let period = Duration.seconds(1)
    /// At least this long between two looks.
    private static let pause = Duration.milliseconds(100)
    /// So many events of one web hook go out before others get its place.
    private static let turnCount = 100

    init(
        orchestrator: Orchestrator, seat: SteppingSeat, observatory: Observatory, logger: Logger
    ) {
        self.orchestrator = orchestrator
        self.seat = seat
        self.observatory = observatory
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                while !Task.isCancelled {
                    let rings = orchestrator.news.rings
                    for delivery in await due() where busy.begin(delivery.hook) {
                        group.addTask {
                            defer { busy.end(delivery.hook) }
                            await deliver(from: delivery)
                        }
                    }
                    await orchestrator.news.wait(after: rings, atMost: Self.period)
                    try? await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    private func due() async -> [WebHookDelivery] {
        guard seat.right != nil else { return [] }
        do {
            return try await orchestrator.dueDeliveries().sorted {
                $0.event.number < $1.event.number
            }
        } catch {
            logger.error("looking for deliveries failed", metadata: ["reason": "\(error)"])
            return []
        }
    }

    /// Delivers what is due for one web hook, one event after another.
    private func deliver(from first: WebHookDelivery) async {
        var next: WebHookDelivery? = first
        for _ in 0..<Self.turnCount {
            guard let delivery = next, !Task.isCancelled else { return }
            let outcome = await sender.send(delivery, now: .now)
            // What nobody has waited for counts as not sent: it may go out twice.
            guard !Task.isCancelled else { return }
            observatory.metrics.countDelivery(outcome)
            do {
                try await orchestrator.book(
                    outcome, of: delivery, luck: Int.random(in: 0...1000))
                guard seat.right != nil else { return }
                next = try await orchestrator.dueDelivery(for: delivery.hook)
            } catch {
                logger.error("booking a delivery failed", metadata: ["reason": "\(error)"])
                return
            }
        }
    }
}

/// The web hooks to which this server delivers just now.
private final class BusyWebHooks: Sendable {
    private static let maximumCount = 16

    private let ids = Mutex<Set<WebHookID>>([])

    /// Whether the caller may deliver, and has to ``end(_:)``.
    func begin(_ id: WebHookID) -> Bool {
        ids.withLock { $0.count < Self.maximumCount && $0.insert(id).inserted }
    }

    func end(_ id: WebHookID) { ids.withLock { _ = $0.remove(id) } }
}
