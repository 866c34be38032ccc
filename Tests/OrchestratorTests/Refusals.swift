import Orchestrator
import Testing

/// Fails the test unless `body` is refused because nobody knows who it is.
func expectStranger(_ body: () async throws -> Void) async {
    do {
        try await body()
        Issue.record("a stranger was heard")
    } catch let refusal as Refusal {
        guard case .stranger = refusal else {
            Issue.record("\(refusal)")
            return
        }
    } catch { Issue.record(error) }
}

/// Why `body` is refused; `nil` when it is not.
func refusal(_ body: () async throws -> Void) async throws -> Refusal? {
    do {
        try await body()
        return nil
    } catch let refusal as Refusal { return refusal }
}
