internal import Audit
internal import Model
internal import Trust
internal import Wire

/// Devices that have no token and ask to be taken in all the same; a person decides.
extension Orchestrator {
    /// The most that wait without having been planned: each of them costs a row, and anybody can
    /// make one up.
    private static let maximumUninvitedCount = 10_000

    /// How long one that nobody planned waits for a decision.
    private static let patience = Duration.seconds(7 * 86_400)

    /// Keeps for the operators which key somebody has shown who would be a device that is planned,
    /// or a new one where operators want to hear of those.
    ///
    /// - Throws: ``Refusal/stranger(_:)`` that says so, when that is what the message is.
    func noteApplication(
        of message: SignedMessage<CheckIn>, known: DeviceRecord?, at moment: Instant
    ) async throws(Refusal) {
        let checkIn = message.unverified
        guard known == nil, let key = checkIn.enrolment?.publicKey, isSigned(message, by: key)
        else { return }
        let application = ExpectedDevice.Application(
            key: key, hardware: checkIn.hardware, at: moment)
        let isNoted = try await write(as: .stranger, at: moment) { store in
            try note(application, of: checkIn.device, store)
        }
        guard isNoted else { return }
        throw .stranger(
            "device \(checkIn.device) waits for an operator to accept its key \(key.hex) (slipway"
                + " inventory accept-key)")
    }

    /// - Returns: Whether it waits for a decision now.
    private func note(
        _ application: ExpectedDevice.Application, of id: DeviceID, _ store: any StoreWriter
    ) throws -> Bool {
        guard try store.device(id) == nil else { return false }
        var expected: ExpectedDevice
        if let known = try store.expectedDevice(id) {
            // Where the key is known, another one is a stranger's.
            guard known.publicKey == nil else { return false }
            expected = known
        } else {
            guard settings.takesApplications else { return false }
            let earliest = application.at.advanced(by: .zero - Self.patience)
            for id in try store.uninvited(askedBefore: earliest, limit: 100) {
                try store.removeExpectedDevice(id)
            }
            guard try store.uninvitedCount() < Self.maximumUninvitedCount else { return false }
            expected = ExpectedDevice(
                id: id, hardware: nil, publicKey: nil, attributes: .none, since: application.at,
                plannedBy: nil)
        }
        if let earlier = expected.application {
            guard earlier.key != application.key else { return true }
            guard earlier.at.advanced(by: Self.askPeriod) <= application.at else { return false }
        }
        expected.application = application
        try store.save(expected)
        try store.add(
            EventRecord(
                at: application.at, device: id, rollout: nil,
                what: "asks to be taken in with the key \(application.key.hex)"))
        return true
    }
}
