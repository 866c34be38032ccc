internal import Model
internal import Orchestrator
internal import Trust
internal import Wire

/// Keys are replaced while the fleet is at work.
extension FleetSimulation {
    func replaceKey() {
        guard let published = keeper.published(), !isReplacingKey else { return }
        do {
            if luck.happens(1, in: 2, "keys") {
                let rotation = try keeper.offlineRotation(published, &luck)
                // What is signed counts, whether or not the server takes it.
                isReplacingKey = true
                submit(rotation.files, "a new offline key") { [unowned self] in
                    rotation.apply()
                    isReplacingKey = false
                }
            } else {
                let role = luck.choice([RoleName.offer, .timestamp, .snapshot], "keys")
                try replaceOnlineKey(role, published)
            }
        } catch { fail("P1", "KeysCanBeReplaced", "a root cannot be signed: \(error)") }
    }

    /// Names the new key beside the old one, lets the servers start with it, and drops the old one.
    private func replaceOnlineKey(_ role: RoleName, _ published: PublishedRepository) throws {
        let new = SimulatedKey(&luck, "new keys", ring)
        let old = keeper.onlineKey(role)
        let both = try keeper.onlineRotation(of: role, to: new, keeping: old, published)
        isReplacingKey = true
        submit(["root": both], "a new \(role) key beside the old one") { [unowned self] in
            keeper.use(new, for: role)
            for server in servers where server.isUp {
                note(server.name, "is stopped, to start with the new \(role) key")
                server.end()
                planStart(of: server, after: luck.number(1000...60_000, "keys"))
            }
            plan(after: luck.number(300_000...3_600_000, "keys")) { [unowned self] in
                dropOnlineKey(role, new)
            }
        }
    }

    private func dropOnlineKey(_ role: RoleName, _ new: SimulatedKey) {
        // A server that went on with the old key would lock itself out.
        guard servers.allSatisfy(\.isUp), let published = keeper.published() else {
            return plan(after: 300_000) { [unowned self] in dropOnlineKey(role, new) }
        }
        do {
            let alone = try keeper.onlineRotation(of: role, to: new, keeping: nil, published)
            submit(["root": alone], "the end of the old \(role) key") { [unowned self] in
                isReplacingKey = false
            }
        } catch { fail("P1", "KeysCanBeReplaced", "a root cannot be signed: \(error)") }
    }

    /// Sends the same signed files until they are published.
    private func submit(_ files: [String: [UInt8]], _ what: String, then: @escaping () -> Void) {
        func again() {
            plan(after: luck.number(30_000...300_000, "keys")) { [unowned self] in
                submit(files, what, then: then)
            }
        }
        guard let server = servers.first(where: \.isUp) else { return again() }
        let result = ask(server, "publishing") {
            _ = try await $0.publish(MetadataSubmission(files: files), by: Operators.author)
        }
        note("publisher", "\(what): \(Self.word(result))")
        if case .success = result { return then() }
        again()
    }
}
