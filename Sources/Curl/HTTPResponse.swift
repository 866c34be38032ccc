/// A complete answer, whatever its status.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let body: [UInt8]
    private let head: ResponseHead

    init(head: ResponseHead, body: [UInt8]) {
        status = head.status
        self.body = body
        self.head = head
    }

    /// The first value of a header, whose name may be in either case.
    public func header(_ name: String) -> String? { head.header(name) }
}
