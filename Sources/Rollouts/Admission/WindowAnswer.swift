public import Model

/// What a maintenance window says of one device at one moment.
public enum WindowAnswer: Hashable, Sendable {
    /// `until` is the first moment at which it is closed, or some weeks ahead when it stays open.
    case open(until: Instant)
    /// `opens` is the next moment at which it is open; `nil` when that is not for some weeks.
    case closed(opens: Instant?)
    /// Nobody can tell what time it is at the device, so nothing is offered to it.
    case unknown(Reason)

    public enum Reason: Hashable, Sendable {
        /// The device lacks the attribute that would name its time zone.
        case noZone(attribute: String)
        case noSuchZone(String)
    }
}

extension WindowAnswer.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noZone(let attribute): "it has no attribute \(attribute)"
        case .noSuchZone(let zone): "there is no time zone \(Quotation.of(zone))"
        }
    }
}

/// The first thing that is wrong with a maintenance window as its author wrote it.
public enum WindowError: Error, Hashable, Sendable {
    case days(found: String)
    case from(found: String)
    case to(found: String)
    case zone(found: String)
}

extension WindowError: CustomStringConvertible {
    /// One clause that says what was expected and what was there.
    public var description: String {
        switch self {
        case .days(let found):
            "expected days such as mon-fri, sat,sun or daily, found \(Quotation.of(found))"
        case .from(let found):
            "expected a time from 00:00 to 23:59, found \(Quotation.of(found))"
        case .to(let found): "expected a time from 00:00 to 24:00, found \(Quotation.of(found))"
        case .zone(let found):
            "expected device, site or a time zone such as Europe/Berlin, "
                + "found \(Quotation.of(found))"
        }
    }
}
