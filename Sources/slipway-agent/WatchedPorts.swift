internal import Agent
internal import Model
internal import Slots

/// Slots whose long transfers give the service manager signs of life.
struct WatchedSlots: SlotSet {
    let slots: any SlotSet
    let notifier: ServiceNotifier

    /// What a medium or an installer may take for one call in which no piece passes by.
    private static let longestCall = Duration.seconds(3600)

    func takes(_ format: Payload.Format) -> Bool { slots.takes(format) }

    func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        try slots.spare(besides: booted)
    }

    func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        try slots.begin(slot, payload, length: length, at: offset) { piece in
            notifier.beat()
            kept(piece)
        }
    }

    func write(_ bytes: [UInt8]) throws(SlotError) { try slots.write(bytes) }

    func sync() throws(SlotError) { try patiently { () throws(SlotError) in try slots.sync() } }

    func finish(describe: ([UInt8]) -> Void) throws(SlotError) {
        try patiently { () throws(SlotError) in try slots.finish(describe: describe) }
    }

    func end() { slots.end() }

    func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        try slots.read(slot, length: length) { piece in
            notifier.beat()
            receive(piece)
        }
    }

    func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        try slots.content(of: slot)
    }

    func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        try slots.setContent(content, of: slot)
    }

    private func patiently(_ body: () throws(SlotError) -> Void) throws(SlotError) {
        try notifier.allowing(Self.longestCall) { () -> Result<Void, SlotError> in
            do throws(SlotError) { return .success(try body()) } catch { return .failure(error) }
        }.get()
    }
}

/// A health check that may take its time without a sign of life: it has a deadline of its own.
struct WatchedHealth: HealthCheck {
    let health: any HealthCheck
    let notifier: ServiceNotifier

    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        notifier.allowing(time) { health.run(in: slot, within: time) }
    }
}

/// Hooks that may take their time without a sign of life: each has a deadline of its own.
struct WatchedHooks: HookRunner {
    let hooks: any HookRunner
    let notifier: ServiceNotifier

    private static let longestHook = Duration.seconds(3600)

    func run(_ hook: Hook, facts: [String: String]) -> HookVerdict {
        notifier.allowing(Self.longestHook) { hooks.run(hook, facts: facts) }
    }

    func has(_ hook: Hook) -> Bool { hooks.has(hook) }
}

extension AgentPorts {
    /// The same ports, whose long calls do not look like a hang to the service manager.
    mutating func watch(for notifier: ServiceNotifier) {
        slots = WatchedSlots(slots: slots, notifier: notifier)
        health = WatchedHealth(health: health, notifier: notifier)
        hooks = WatchedHooks(hooks: hooks, notifier: notifier)
    }
}
