public import Model

extension MaintenanceWindow {
    /// How far ahead an answer looks.
    ///
    /// A window of one day a week can miss the week in which the clock is put on, so three weeks
    /// hold an opening of every window.
    static let horizon = Duration.seconds(22 * 86_400)

    /// Whether the window is open for a device with these attributes, and when that changes.
    ///
    /// The zone is asked for some hundred times at most.
    public func isOpen(
        at now: Instant, for device: Attributes, zones: some TimeZones
    ) -> WindowAnswer {
        switch zone {
        case .device: isOpen(at: now, zoneIn: Self.deviceZone, of: device, zones: zones)
        case .site: isOpen(at: now, zoneIn: Self.siteZone, of: device, zones: zones)
        case .fixed(let name): isOpen(at: now, zone: name, zones: zones)
        }
    }

    private func isOpen(
        at now: Instant, zoneIn attribute: String, of device: Attributes, zones: some TimeZones
    ) -> WindowAnswer {
        guard let zone = device[attribute] else { return .unknown(.noZone(attribute: attribute)) }
        return isOpen(at: now, zone: zone, zones: zones)
    }

    /// A name from outside must obey ``ZoneName`` before the port sees it.
    private func isOpen(
        at now: Instant, zone: String, zones: some TimeZones
    ) -> WindowAnswer {
        guard ZoneName.allows(zone),
            let answer = answer(at: now, on: LocalClock(zone: zone, zones: zones))
        else { return .unknown(.noSuchZone(zone)) }
        return answer
    }

    /// Looks at each moment where the answer could change, until it does.
    ///
    /// `nil` when the zone is not known all the way.
    private func answer(
        at now: Instant, on clock: LocalClock<some TimeZones>
    ) -> WindowAnswer? {
        guard let first = clock.reading(at: now).map({ holds($0.day, $0.second) }) else {
            return nil
        }
        let end = now.advanced(by: Self.horizon)
        var moment = now
        while moment < end {
            guard let second = clock.reading(at: moment)?.second else { return nil }
            let edge = moment.advanced(by: .seconds(secondsToEdge(after: second)))
            moment = clock.change(after: moment, until: edge) ?? edge
            guard let reading = clock.reading(at: moment) else { return nil }
            guard holds(reading.day, reading.second) == first else {
                return first ? .open(until: moment) : .closed(opens: moment)
            }
        }
        return first ? .open(until: moment) : .closed(opens: nil)
    }

    /// Whether it is open at this second of this local day; it may have begun the day before.
    private func holds(_ day: Int64, _ second: Int64) -> Bool {
        let begin = Int64(fromMinutes) * 60
        let end = Int64(toMinutes > fromMinutes ? toMinutes : toMinutes + 1440) * 60
        return begin <= second && second < end && days.contains(Weekday(daysSinceEpoch: day))
            || second + 86_400 < end && days.contains(Weekday(daysSinceEpoch: day - 1))
    }

    /// The time of day changes the answer only where the window begins and where it ends.
    private func secondsToEdge(after second: Int64) -> Int64 {
        let waits = [fromMinutes, toMinutes].map { edge in
            let wait = (Int64(edge) * 60 - second + 86_400) % 86_400
            return wait == 0 ? 86_400 : wait
        }
        return min(waits[0], waits[1])
    }
}
