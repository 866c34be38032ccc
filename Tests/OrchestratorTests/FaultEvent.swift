import Model
import Orchestrator
import Wire

/// One thing that happened in a fault run, as far as the books are checked against it.
struct FaultEvent {
    /// For the trail that a failure prints.
    var what: String
    var at: Instant
    var checkIn: SaidByDevice?
    /// The answer to the check-in, if it arrived.
    var directive: Directive?
    /// The device whose standing an operator changed.
    var changed: DeviceID?
    /// Whether somebody let failures count no more.
    var mayForgive = false
    /// Whether nothing at all may have changed.
    var isWithoutEffect = false
    /// Whether every lease that is over was ended.
    var endsLeases = false

    struct SaidByDevice {
        let device: DeviceID
        let sequence: Int64
        let boot: BootReport
        let phase: PhaseReport
        let attributes: Attributes

        init(_ device: TestDevice, _ phase: PhaseReport) {
            self.device = device.id
            sequence = device.sequence
            boot = device.boot
            self.phase = phase
            attributes = device.attributes
        }
    }
}

/// A promise that was not kept.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
