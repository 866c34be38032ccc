import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Failures that concentrate in one kind of device.
@Suite struct AttributionTests {
    private static let name = must(RolloutName("r"))

    /// A fleet of boards A to H, of which `bad` fails always, and a rollout that was played to the
    /// end: every device that was offered the release has answered.
    private func played(
        bad: String?, count: Int = 240,
        spelling: (Int, String) -> String = { _, board in board }
    ) async throws -> (Orchestrator, [TestDevice], offered: Set<Int>) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices {
            let board = ["A", "B", "C", "D", "E", "F", "G", "H"][index % 8]
            devices[index].attributes = try Attributes([
                "board_revision": spelling(index, board), "carrier": "\(index % 3)",
                "serial": "\(index)",
            ])
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h")))
        var offered: Set<Int> = []
        for index in devices.indices {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            offered.insert(index)
            if devices[index].attributes["board_revision"] == bad {
                let failure = Failure(.health, "no modem")
                _ = try await devices[index].checkIn(orchestrator, .failed(offer.nonce, failure))
            } else {
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }
        return (orchestrator, devices, offered)
    }

    /// To Swift they are one text; to the database, which counts them, they are two.
    @Test func aBoardThatIsSpelledInTwoWaysIsFoundInBoth() async throws {
        let spellings = ["Z\u{fc}rich", "Zu\u{308}rich"]
        let (orchestrator, _, _) = try await played(bad: spellings[0]) { index, board in
            board == "C" ? spellings[index / 8 % 2] : board
        }
        let rollout = try await orchestrator.simple()
        for spelling in spellings {
            #expect(rollout.reason.utf8.containsBytes(of: spelling), "\(rollout.reason)")
        }
    }

    /// One of eight boards always fails: it is named, and the others finish.
    @Test func theBoardThatFailsIsNamedAndTheOthersFinish() async throws {
        let (orchestrator, devices, offered) = try await played(bad: "C")
        let rollout = try await orchestrator.rollout(Self.name)
        #expect(rollout.state == "completed", "\(rollout.reason)")
        #expect(rollout.reason.contains("paused for board_revision C:"), "\(rollout.reason)")
        #expect(!rollout.reason.contains("carrier") && !rollout.reason.contains("serial"))

        let others = devices.indices.filter { devices[$0].attributes["board_revision"] != "C" }
        #expect(others.allSatisfy { offered.contains($0) })
        #expect(offered.count - others.count < 10, "a few boards tell enough")
        let spared = try #require(devices.indices.last { !offered.contains($0) })
        let rule = try #require(try await orchestrator.device(devices[spared].id).decisions.first)
        #expect(rule.rule.contains("paused for devices with board_revision C, which fail"))
    }

    @Test func nobodyIsNamedWhereNobodyFails() async throws {
        let (orchestrator, devices, offered) = try await played(bad: nil, count: 40)
        let rollout = try await orchestrator.rollout(Self.name)
        #expect(rollout.state == "completed")
        #expect(!rollout.reason.contains("paused"))
        #expect(offered.count == devices.count)
    }

    /// A device that is still downloading is called back when its kind is paused.
    @Test func whoeverDownloadsIsCalledBack() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<80).map { TestDevice($0) }
        for index in devices.indices {
            devices[index].attributes = try Attributes([
                "board_revision": index % 8 == 2 ? "C" : "other-\(index % 8)"
            ])
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h")))
        // The last C takes its offer first, and goes on downloading while the others answer.
        let slow = 74
        let held = try #require(try await devices[slow].checkIn(orchestrator).offer)
        for index in devices.indices where index != slow {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            if index % 8 == 2 {
                let failure = Failure(.health, "no modem")
                _ = try await devices[index].checkIn(orchestrator, .failed(offer.nonce, failure))
            } else {
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }
        let answer = try await devices[slow].checkIn(
            orchestrator, .downloading(held.nonce, bytesDone: 1, bytesTotal: 11))
        #expect(answer.order == .cancel(held.nonce))
    }
}

extension Sequence<UInt8> {
    /// Whether these bytes hold those of `text`, whatever Swift thinks equal.
    fileprivate func containsBytes(of text: String) -> Bool {
        let (all, wanted) = (Array(self), Array(text.utf8))
        return all.indices.contains { all[$0...].starts(with: wanted) }
    }
}
