/// Something that should hold whatever the input is, and does not.
struct BrokenPromise: Error, Hashable {
    /// What should hold, as a sentence.
    let promise: String
}

/// Throws unless `condition` holds.
func hold(_ condition: Bool, _ promise: String) throws(BrokenPromise) {
    guard condition else { throw BrokenPromise(promise: promise) }
}

/// What `body` returns; `nil` when it refuses, whose reason is put into words as a program would.
func attempt<Result, Refusal: Error>(
    _ body: () throws(Refusal) -> Result
) throws(BrokenPromise) -> Result? {
    do { return try body() } catch {
        try hold(!"\(error)".isEmpty, "every refusal says why")
        return nil
    }
}

/// What `body` returns, where a refusal would break `promise`.
func must<Result, Refusal: Error>(
    _ promise: String, _ body: () throws(Refusal) -> Result
) throws(BrokenPromise) -> Result {
    do { return try body() } catch { throw BrokenPromise(promise: "\(promise): \(error)") }
}
