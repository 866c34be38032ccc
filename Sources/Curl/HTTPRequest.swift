/// One request whose body, if any, is small enough to be held in memory.
public struct HTTPRequest: Sendable {
    public let method: HTTPMethod
    /// Absolute, `http` or `https`.
    public let url: String
    public let headers: [(String, String)]
    public let body: [UInt8]

    public typealias Method = HTTPMethod

    /// A body under `get` or `head` is a programmer's error.
    public init(
        method: HTTPMethod, url: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) {
        precondition(
            body.isEmpty || (method != .get && method != .head), "this request carries no body")
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

public enum HTTPMethod: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
}
