internal import Model
internal import Orchestrator
internal import Wire

/// P2: what a device said counts once: whoever repeats it changes nothing.
extension FleetSimulation {
    func checkRepetition(
        _ result: Result<[UInt8], SimulatedServer.Trouble>, of message: [UInt8],
        _ device: SimulatedDevice, _ before: Int64
    ) {
        switch result {
        case .success:
            let sequence = (try? SignedMessage<CheckIn>(parsing: message, limitBytes: 65_536))?
                .unverified.sequence
            if let sequence, let answered = books.answered[device.id], sequence <= answered {
                fail(
                    "P2", "RepetitionsChangeNothing", "check-in \(sequence) is taken twice",
                    [device])
            }
            // The first delivery may have been the one that was lost.
            books.heard(result, of: device, message)
        case .failure(.refused):
            guard isServerHonest, books.fingerprint(of: database) != before else { return }
            fail(
                "P2", "RepetitionsChangeNothing", "a refused check-in has changed something",
                [device])
        case .failure(.noAnswer): return
        }
    }
}
