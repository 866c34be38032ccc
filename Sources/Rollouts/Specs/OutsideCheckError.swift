/// The first thing that is wrong with an outside check as its author wrote it.
public enum OutsideCheckError: Error, Hashable, Sendable {
    /// A check asks nobody, or in these ways at once.
    case notOneQuestion([String])
    /// A query without `pass` says nothing.
    case passMissing
    /// `pass` belongs to `prometheus`.
    case passWithoutQuery
    case pass(found: String)
    case query(byteCount: Int)
    case address(found: String)
    case interval(found: String)
    case timeout(found: String)
}

extension OutsideCheckError: CustomStringConvertible {
    /// One clause that says what was expected and what was there.
    public var description: String {
        switch self {
        case .notOneQuestion(let found):
            "expected one of prometheus, webhook and command, found "
                + (found.isEmpty ? "none" : found.joined(separator: " and "))
        case .passMissing: "expected pass beside prometheus, such as \"< 0.01\", found none"
        case .passWithoutQuery: "expected pass only beside prometheus"
        case .pass(let found):
            "expected one of < <= > >= == != and a number, such as \"< 0.01\", found "
                + Quotation.of(found)
        case .query(let byteCount): "expected a query of 1 to 4096 bytes, found \(byteCount) bytes"
        case .address(let found):
            "expected an address such as https://qa.example.com/gate, without user, fragment or "
                + "dots that climb, found \(Quotation.of(found))"
        case .interval(let found):
            "expected a duration from 5s to 1h, found \(Quotation.of(found))"
        case .timeout(let found):
            "expected a duration from 1s to 60s, found \(Quotation.of(found))"
        }
    }
}
