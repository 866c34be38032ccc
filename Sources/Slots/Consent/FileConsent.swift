public import Agent
public import Model

/// A file that says "not now" as long as it is there; its first line is the reason.
///
/// Whoever leaves it behind must not block updates for ever: a file that was not touched for a time
/// counts no more. An application that means it touches its file now and then.
public final class FileConsent: Consent {
    private let path: String
    private let staleAfter: Duration
    private let clock: any AgentClock
    /// The state of the file that was seen last, and when it was seen first.
    private var seen: (changed: Instant, firstAt: Duration)?

    public init(path: String, staleAfter: Duration, clock: any AgentClock) {
        self.path = path
        self.staleAfter = staleAfter
        self.clock = clock
    }

    public func ask(for release: ReleaseID) -> ConsentVerdict {
        do throws(SlotError) {
            guard let status = try FileStatus(of: path) else {
                seen = nil
                return .yes
            }
            return isStale(status.changed) ? .yes : .notNow(reason())
        } catch { return .notNow("\(error)") }
    }

    /// The clock of the wall may be wrong, or have been when the file was made: a file that seems to
    /// be of the future is stale when it was seen unchanged for so long.
    private func isStale(_ changed: Instant) -> Bool {
        let uptime = clock.uptime
        if seen?.changed != changed { seen = (changed, uptime) }
        let seenFor = uptime - (seen?.firstAt ?? uptime)
        let age = clock.now.secondsSinceEpoch - changed.secondsSinceEpoch
        return seenFor >= staleAfter || age >= staleAfter.components.seconds
    }

    private func reason() -> String {
        let beginning = (try? File(path, .read).read(at: 0, maximum: 200)) ?? []
        let line = String(
            decoding: beginning.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return LogText.of(line) ?? "\(path) is there"
    }
}
