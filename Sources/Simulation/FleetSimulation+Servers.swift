internal import Model
internal import Orchestrator

/// The servers' processes, and what they do by themselves.
extension FleetSimulation {
    /// While somebody holds a lease or a wave soaks, the server that steps beats more often than it
    /// would be missed, and the others look whether it is there.
    private static let beatPeriod: Int64 = 50_000
    private static let lookPeriod: Int64 = 130_000
    /// While nobody does, nothing depends on it.
    private static let idlePeriod: Int64 = 600_000

    func startServer(_ server: SimulatedServer) {
        guard !server.isUp else { return }
        server.makeProcess(keeper.onlineSigners, cryptography, nonces: nonces)
        note(server.name, "starts")
        let opened = ask(server, "the start", isDisturbed: false) { orchestrator in
            try await orchestrator.openRepository()
            try await orchestrator.excuseAbsence()
            _ = try await orchestrator.signAudit()
        }
        guard case .success = opened else {
            note(server.name, "cannot start: \(opened)")
            server.end()
            return planStart(of: server, after: 60_000)
        }
        server.refreshedAt = now
        planWork(of: server)
    }

    func planStart(of server: SimulatedServer, after milliseconds: Int64) {
        plan(after: milliseconds) { [unowned self] in startServer(server) }
    }

    private func planWork(of server: SimulatedServer) {
        server.workCount += 1
        let (generation, number) = (server.generation, server.workCount)
        server.isIdle =
            books.open.isEmpty && !books.states.values.contains { $0.state == "running" }
        let busy = server.seat?.right == nil ? Self.lookPeriod : Self.beatPeriod
        plan(after: server.isIdle ? Self.idlePeriod : busy) { [unowned self] in
            guard server.generation == generation, server.workCount == number, server.isUp
            else { return }
            work(server)
            if server.isUp, server.generation == generation { planWork(of: server) }
        }
    }

    /// Somebody holds a lease again, or a rollout runs.
    func wakeServers() {
        for server in servers where server.isUp && server.isIdle { planWork(of: server) }
    }

    /// What the services of a server do again and again.
    private func work(_ server: SimulatedServer) {
        guard let seat = server.seat else { return }
        report(server, "the lease", ask(server, "the lease") { _ = try await $0.tend(seat) })
        if server.isUp, let right = seat.right {
            report(
                server, "the heartbeat",
                ask(server, "the heartbeat") { _ = try await $0.beat(by: right) })
        }
        if server.isUp, let right = seat.right, luck.happens(2, in: 3, "steps") {
            report(server, "a step", ask(server, "a step") { _ = try await $0.step(by: right) })
        }
        guard server.isUp, now - server.refreshedAt >= 3_600_000 else { return }
        server.refreshedAt = now
        report(
            server, "looking at the age of the metadata",
            ask(server, "looking at the metadata") { try await $0.refreshMetadata() })
        guard server.isUp else { return }
        report(
            server, "signing the log", ask(server, "signing") { try await $0.signAuditWhenDue() })
    }

    private func report<Answer>(
        _ server: SimulatedServer, _ what: String, _ result: Result<Answer, SimulatedServer.Trouble>
    ) {
        guard case .failure(.refused(let refusal)) = result else { return }
        note(server.name, "\(what) failed: \(refusal)")
        if case .store = refusal { return }
        // Two that publish at once are told so; nothing else may be refused to the server itself.
        if case .conflict = refusal { return }
        fail("P6", "ServesItself", "\(what) of \(server.name) is refused: \(refusal)")
    }

    /// Asks a server for something, and lets go wrong what may.
    func ask<Answer: Sendable>(
        _ server: SimulatedServer, _ what: @autoclosure () -> String, isDisturbed: Bool = true,
        _ body: @escaping @Sendable (Orchestrator) async throws -> Answer
    ) -> Result<Answer, SimulatedServer.Trouble> {
        let wasUp = server.isUp
        let life = server.life
        if isDisturbed, let fate = nextFate() {
            life.plan(fate, afterEffects: Int(luck.number(0...2, "fates")))
        }
        let generation = server.generation
        let result = server.ask(
            meanwhile: { [unowned self] in pass(luck.number(0...2500, "interleaving")) }, body)
        life.forgetPlan()
        if wasUp, !life.isAlive, server.generation == generation {
            note(server.name, "dies in the middle of \(what())")
            planStart(of: server, after: luck.number(2000...1_200_000, "crashes"))
        }
        return result
    }

    private func nextFate() -> ServerLife.Fate? {
        if isAtWork(.crashes), luck.happens(1, in: rates.crash, "crashes") {
            return .dies(luck.choice(ServerLife.Moment.allCases, "crashes"))
        }
        if isAtWork(.store), luck.happens(1, in: rates.store, "store") {
            return .fails(luck.choice(ServerLife.Moment.allCases, "store"))
        }
        if isAtWork(.interleaving), luck.happens(1, in: 6, "interleaving") { return .pause }
        return nil
    }

    /// The process is gone at once, whatever it does.
    func crash(_ server: SimulatedServer) {
        guard server.isUp else { return }
        note(server.name, "is killed")
        server.end()
        planStart(of: server, after: luck.number(2000...3_600_000, "crashes"))
    }
}
