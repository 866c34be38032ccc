/// The hours of the week in which devices may be offered a release.
///
/// It is open exactly while a clock on the wall of its zone shows a time inside it. Where the clock
/// is put on, a window that would begin in the hour left out opens at that moment, and one that
/// lies in it altogether does not open that day. Where the clock is put back, it is open in both
/// passes.
public struct MaintenanceWindow: Hashable, Sendable {
    /// The days on which it begins; at least one.
    public let days: Set<Weekday>
    /// When it begins, in minutes after midnight; 0 to 1439.
    public let fromMinutes: Int
    /// When it ends, in minutes after midnight; 0 to 1440.
    ///
    /// It ends the next day, unless this is later than ``fromMinutes``.
    public let toMinutes: Int
    public let zone: Zone

    /// Whose clock counts.
    public enum Zone: Hashable, Sendable {
        /// The one that the device's attribute `timezone` names.
        case device
        /// The one that the device's attribute `site_timezone` names.
        case site
        /// The same for all devices; it obeys ``ZoneName``, but may still not be known.
        case fixed(String)
    }

    /// Reads the members as a rollout file writes them.
    ///
    /// A window that ends when it begins lasts 24 hours on the clock. So each window that can be
    /// written opens on at least one day of nearly every week.
    ///
    /// - Parameter days: Such as `mon-fri`; see ``WeekdaysText``.
    /// - Parameter from: From `00:00` to `23:59`.
    /// - Parameter to: From `00:00` to `24:00`; the next day unless it is later than `from`.
    /// - Parameter zone: `device`, `site` or the name of a time zone.
    /// - Throws: ``WindowError`` for the first member that breaks a rule.
    public init(days: String, from: String, to: String, zone: String) throws(WindowError) {
        guard let days = WeekdaysText.parse(days) else { throw .days(found: days) }
        guard let fromMinutes = LocalTimeText.parse(from), fromMinutes < 1440 else {
            throw .from(found: from)
        }
        guard let toMinutes = LocalTimeText.parse(to) else { throw .to(found: to) }
        self.days = days
        self.fromMinutes = fromMinutes
        self.toMinutes = toMinutes
        switch zone {
        case "device": self.zone = .device
        case "site": self.zone = .site
        case let name where ZoneName.allows(name): self.zone = .fixed(name)
        case let other: throw .zone(found: other)
        }
    }
}

extension MaintenanceWindow {
    static let deviceZone = "timezone"
    static let siteZone = "site_timezone"

    /// The attribute that names a device's time zone; `nil` when all have the same.
    var zoneAttribute: String? {
        switch zone {
        case .device: Self.deviceZone
        case .site: Self.siteZone
        case .fixed: nil
        }
    }
}

extension MaintenanceWindow: CustomStringConvertible {
    /// Such as `mon,tue from 22:00 to 05:00, device time`.
    public var description: String {
        let place =
            switch zone {
            case .device: "device time"
            case .site: "site time"
            case .fixed(let name): "\(name) time"
            }
        return "\(WeekdaysText.write(days)) from \(LocalTimeText.write(fromMinutes)) "
            + "to \(LocalTimeText.write(toMinutes)), \(place)"
    }
}
