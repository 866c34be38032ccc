public import Model

/// What somebody outside says of an open wave.
public enum OutsideAnswer: Hashable, Sendable {
    case pass
    /// The wave does harm, for this reason.
    case fail(String)
    /// Nothing can be concluded, for this reason; it holds the wave.
    case unknown(String)

    /// The one word for it.
    public var word: String {
        switch self {
        case .pass: "pass"
        case .fail: "fail"
        case .unknown: "unknown"
        }
    }

    /// The same with a reason that fits a line: see ``DetailText``.
    public var bounded: OutsideAnswer {
        switch self {
        case .pass: .pass
        case .fail(let detail): .fail(DetailText.of(detail))
        case .unknown(let reason): .unknown(DetailText.of(reason))
        }
    }
}

extension OutsideAnswer: CustomStringConvertible {
    public var description: String {
        switch self {
        case .pass: "pass"
        case .fail(let detail): "fail: \(detail)"
        case .unknown(let reason): "unknown: \(reason)"
        }
    }
}

/// An answer with the moment at which it was asked for, before whoever answers began to look.
public struct AskedAnswer: Hashable, Sendable {
    public let answer: OutsideAnswer
    public let asked: Instant

    public init(_ answer: OutsideAnswer, asked: Instant) {
        self.answer = answer
        self.asked = asked
    }
}

extension OutsideCheck {
    /// What `latest` is worth now for a wave that opened at `opened` (promise P3).
    ///
    /// An answer counts only while it is fresh and was asked for since the wave opened: anything
    /// older speaks of another state of the fleet. No answer is unknown.
    public func standing(
        of latest: AskedAnswer?, waveOpened opened: Instant, now: Instant
    ) -> OutsideAnswer {
        guard let latest, latest.asked >= opened else {
            return .unknown("not asked since the wave opened")
        }
        guard latest.asked <= now else {
            return .unknown("asked at \(latest.asked), which is later")
        }
        let age = now.elapsed(since: latest.asked)
        guard age <= freshness else { return .unknown("asked \(DurationText.write(age)) ago") }
        return latest.answer
    }
}

extension GateSpec {
    /// The first check that says that the wave does harm; it stops the wave at once.
    func outsideFailure(
        _ answers: [CheckName: AskedAnswer], waveOpened: Instant, now: Instant
    ) -> GateVerdict? {
        for check in checks {
            let latest = answers[check.name]
            if case .fail(let detail) = check.standing(
                of: latest, waveOpened: waveOpened, now: now)
            {
                return .stopOutside(name: check.name, detail: detail)
            }
        }
        return nil
    }

    /// The first check of which nothing is known that would let the wave pass.
    func outsideDoubt(
        _ answers: [CheckName: AskedAnswer], waveOpened: Instant, now: Instant
    ) -> GateVerdict.HoldReason? {
        for check in checks {
            let latest = answers[check.name]
            switch check.standing(of: latest, waveOpened: waveOpened, now: now) {
            case .pass: continue
            case .fail(let reason), .unknown(let reason):
                return .outsideUnknown(name: check.name, reason: reason)
            }
        }
        return nil
    }
}
