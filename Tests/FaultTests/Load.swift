import Curl
import Foundation
import Model
import Rollouts
import Synchronization
import TestSupport
import Wire

/// Devices and people that ask servers for things, on threads of their own, until they are told to
/// end; most of what is asked comes from devices.
final class Load: Sendable {
    let site: Site
    let ledger = Ledger()
    let gate = LoadGate()
    private let deviceNumber = Mutex(0)
    private let problems = Mutex<[String]>([])

    static let threadCount = 12
    static let devicesPerThread = 6

    /// Begins, with everything that random follows from `seed`.
    init(on site: Site, seed: UInt64) throws {
        self.site = site
        let approver = try Self.approver(LoadClient(site, gate, ledger, seed: seed))
        var seeds = SeededGenerator(seed: seed)
        for _ in 0..<Self.threadCount {
            let seed = seeds.next()
            try run(seed) { try self.driveDevices($0) }
        }
        try run(seeds.next()) { client in
            let rollouts = RolloutLoad(client, approver: approver)
            while self.pass({ try rollouts.act() }) { self.gate.giveWay(toAnswers: 3) }
        }
        try run(seeds.next()) { client in
            let clerk = ClerkLoad(client)
            while self.pass({ try clerk.act() }) { self.gate.giveWay(toAnswers: 5) }
        }
        try run(seeds.next()) { client in
            let upload = UploadLoad(client)
            while self.pass({ upload.act() }) { self.gate.giveWay(toAnswers: 8) }
        }
    }

    private static func approver(_ client: LoadClient) throws -> String {
        let request = TokenRequest(name: must(OperatorName("bob")), role: .approver)
        guard let answer = client.ask(.post, "tokens", request.bytes), answer.status == 201 else {
            throw FaultServer.Problem(description: "no token for an approver")
        }
        return try NewToken(parsing: answer.body, limitBytes: 65_536).text
    }

    private func run(
        _ seed: UInt64, _ body: @escaping @Sendable (LoadClient) throws -> Void
    ) throws {
        let (site, gate, ledger) = (site, gate, ledger)
        let thread = Thread {
            do { try body(LoadClient(site, gate, ledger, seed: seed)) } catch {
                ledger.accuse("a thread ended: \(error)")
            }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func pass(_ body: () throws -> Void) -> Bool {
        gate.pass {
            do { try body() } catch { ledger.accuse("\(error)") }
        }
    }

    // MARK: Devices

    private func driveDevices(_ client: LoadClient) throws {
        var tokens: [String] = []
        var devices: [LoadDevice] = []
        while pass({
            if tokens.isEmpty { return tokens = try enrolmentTokens(client) }
            if devices.count < Self.devicesPerThread {
                let number = deviceNumber.withLock { number in
                    number += 1
                    return number
                }
                devices.append(try LoadDevice(number, token: tokens.popLast()))
            }
            // Mostly one that has something to tell.
            let busy = devices.indices.filter { devices[$0].isBusy }
            let someone = client.chance(70) ? busy.randomElement(using: &client.random) : nil
            let index = someone ?? Int.random(in: devices.indices, using: &client.random)
            try devices[index].act(client)
            // Somebody else comes in its place.
            if devices[index].isRetired { devices.remove(at: index) }
        }) {}
    }

    /// One for four devices.
    private func enrolmentTokens(_ client: LoadClient) throws -> [String] {
        let request = EnrolmentTokenRequest(
            terms: EnrolmentTerms(uses: 4), lifetimeSeconds: 86_400)
        guard let answer = client.ask(.post, "enrolment-tokens", request.bytes) else { return [] }
        guard answer.status == 201 else {
            ledger.accuse("an enrolment token: \(answer.status)")
            return []
        }
        let token = try NewEnrolmentToken(parsing: answer.body, limitBytes: 65_536)
        return Array(repeating: token.text, count: 4)
    }
}
