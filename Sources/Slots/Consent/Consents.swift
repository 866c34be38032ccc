public import Agent
public import Model

/// Several that are asked, of whom each may say "not now".
public struct Consents: Consent {
    private let all: [any Consent]

    public init(_ all: [any Consent]) { self.all = all }

    public func ask(for release: ReleaseID) -> ConsentVerdict {
        for consent in all {
            let verdict = consent.ask(for: release)
            guard verdict == .yes else { return verdict }
        }
        return .yes
    }
}
