/// A complete answer, whatever its status.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let body: [UInt8]
    let head: ResponseHead

    init(head: ResponseHead, body: [UInt8]) {
        status = head.status
        self.body = body
        self.head = head
    }

    /// Whether it says that it is a web page, which no file of a repository is.
    public var isWebPage: Bool { head.isWebPage }
    /// Whether another place had sent us on to the one that answered.
    public var isRedirected: Bool { head.isRedirected }

    /// The first value of a header, whose name may be in either case.
    public func header(_ name: String) -> String? { head.header(name) }
}
