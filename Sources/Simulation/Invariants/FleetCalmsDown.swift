internal import Agent
internal import Model
internal import Orchestrator
internal import SimulatedDisk
internal import Stores
internal import Trust

/// Liveness: when faults stop, the fleet comes to where the operators want it within a bounded time,
/// or a rollout stands paused with a true reason.
extension FleetSimulation {
    func endFaults() {
        areFaultsOver = true
        note("world", "nothing goes wrong any more")
        for device in devices {
            device.unheardUntil = 0
            device.deafUntil = 0
            device.clockError = device.forgetsTime ? device.clockError : 0
            device.disk.isFull = false
        }
        plan(after: 600_000) { [unowned self] in watch() }
    }

    /// Looks again and again whether everything has come to an end.
    private func watch() {
        if let server = servers.first(where: \.isUp) {
            approve(server)
            tidy(server)
        }
        guard isServerHonest else {
            isSettled = now >= faultsEnd + 43_200_000
            if !isSettled { plan(after: 3_600_000) { [unowned self] in watch() } }
            return
        }
        let reason = whatIsLeft()
        if reason == nil {
            isSettled = true
            note("world", "everything has come to an end")
        } else if now > faultsEnd + Self.patience {
            fail(
                "P2", "FleetCalmsDown",
                "\((now - faultsEnd) / 3_600_000) h after the last fault, \(reason ?? "")",
                stuck)
        } else {
            plan(after: 1_200_000) { [unowned self] in watch() }
        }
    }

    /// A rollout that a newer one has overtaken is for nobody any more, and is ended by people.
    private func tidy(_ server: SimulatedServer) {
        let rows =
            (try? database.rows(
                "SELECT name FROM rollouts r WHERE state = 'running' AND EXISTS (SELECT 1"
                    + " FROM rollouts n WHERE n.number > r.number AND n.state <> 'aborted')")) ?? []
        for name in rows.compactMap({ $0["name"].flatMap { RolloutName($0) } }) {
            control(name, .abort, server)
        }
    }

    /// Devices that hold a lease, or are in the middle of something.
    private var stuck: [SimulatedDevice] {
        devices.filter { device in
            books.open.values.contains { $0.device == device.id.text }
                || device.agent?.state.phase.word != "idle"
        }
    }

    private func whatIsLeft() -> String? {
        do {
            if let server = servers.first(where: { !$0.isUp }) { return "\(server.name) is down" }
            let open = try database.rows("SELECT device FROM offers WHERE outcome = 'open'")
            if let device = open.first?["device"] { return "\(device) holds a lease" }
            for row in try database.rows("SELECT name, state, reason FROM rollouts ORDER BY number")
            {
                guard let name = row["name"], let state = row["state"] else { continue }
                switch state {
                case "running": if let left = try leftOfRun(name) { return left }
                case "reverting": if let left = try leftOfRevert(name) { return left }
                default: continue
                }
            }
            return try silentDevice() ?? deviceThatWaits() ?? nil
        } catch { return "the store cannot be read: \(error)" }
    }

    /// A rollout that is taken back waits for the one that takes it back, which may stand paused.
    private func leftOfRevert(_ name: String) throws -> String? {
        let others = try database.rows(
            "SELECT name, state FROM rollouts WHERE name LIKE '\(name)%' AND name <> '\(name)'")
        return others.contains { $0["state"] == "running" || $0["state"] == "completed" }
            ? "rollout \(name) is being reverted" : nil
    }

    /// Whether a gate has no reason that holds it.
    ///
    /// One holds, and people have to decide, where most have failed, where nobody is proven whom the
    /// wave could have proven, or where nobody is left to be tried.
    private func leftOfRun(_ name: String) throws -> String? {
        let failed = try database.number(
            "SELECT count(*) FROM attempts WHERE rollout = '\(name)' AND standing = 'failed'")
        let proven = try database.number(
            "SELECT count(*) FROM attempts WHERE rollout = '\(name)' AND standing = 'proven'")
        if failed > 0 && failed >= proven { return nil }
        guard let file = try file(of: name), let release = ReleaseID(file.release) else {
            return nil
        }
        let isTried = try candidates(for: release, in: name).isEmpty
        if isTried { return nil }
        return "rollout \(name) is running: \(proven) proven, \(failed) failed"
    }

    private func silentDevice() throws -> String? {
        let limit = clock.now.secondsSinceEpoch - 3 * Int64(SimulatedServer.checkInSeconds)
        for device in devices where !operators.retired.contains(device.id) {
            let seen = try database.number(
                "SELECT last_seen_s FROM devices WHERE id = '\(device.id)'")
            if seen < limit { return "\(device.id) is not heard of" }
            guard let phase = device.agent?.state.phase.word, phase == "idle" else {
                return "\(device.id) is not idle: \(device.agent?.state.phase.word ?? "off")"
            }
        }
        return nil
    }

    /// A device that nothing keeps from a release which everybody is to have.
    private func deviceThatWaits() throws -> String? {
        let complete = try database.rows(
            "SELECT name, release_goal FROM (SELECT name, file_json AS release_goal, state, number"
                + " FROM rollouts) WHERE state = 'completed' ORDER BY number DESC LIMIT 1")
        guard let name = complete.first?["name"], let file = try file(of: name),
            let release = ReleaseID(file.release), try isNewest(name)
        else { return nil }
        return try candidates(for: release, in: name).first.map {
            "\($0.id) waits for \(release)"
        }
    }

    /// Devices that nothing keeps from the release, and that were not tried.
    private func candidates(
        for release: ReleaseID, in name: String
    ) throws -> [SimulatedDevice] {
        let waiting = try database.rows(
            """
            SELECT d.id AS id FROM devices d WHERE d.lifecycle = 'active'
                AND d.held_reason IS NULL AND d.quarantined_s IS NULL AND d.pin_name IS NULL
                AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.device = d.id
                    AND a.rollout = '\(name)')
                AND d.release_version < '\(release.version)'
                AND NOT EXISTS (SELECT 1 FROM attributes x JOIN paused_strata p ON p.name = x.name
                    AND p.value = x.value WHERE x.device = d.id AND p.rollout = '\(name)'
                    AND p.lifted_s IS NULL)
            ORDER BY d.id
            """)
        return waiting.compactMap { $0["id"].flatMap { device($0) } }
            .filter { mayTake(release, $0) }
    }

    private func isNewest(_ name: String) throws -> Bool {
        let newest = try database.rows("SELECT name FROM rollouts ORDER BY number DESC LIMIT 1")
        return newest.first?["name"] == name
    }

    /// Whether the offline keys let the device go to the release from what it runs.
    private func mayTake(_ release: ReleaseID, _ device: SimulatedDevice) -> Bool {
        guard let runs = device.runs else { return false }
        let images = keeper.firmware.filter { $0.release == release }.map(\.signed)
        return images.contains { image in
            image.hardware.contains(device.hardware)
                && (image.from.isEmpty || image.from.contains(runs.release.version))
        }
    }
}
