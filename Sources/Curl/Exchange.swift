/// One exchange as libcurl's callbacks see it: what came, what goes, and why it was ended.
///
/// Lives on the thread that performs the exchange, and no longer than it.
final class Exchange {
    private(set) var head = ResponseHead()
    /// Why a callback ended the exchange; stronger than what libcurl then says.
    private(set) var failure: HTTPError?
    private var headByteCount: Int64 = 0
    private var bodyHasBegun = false
    /// Kept from piece to piece, so that a receiver that keeps none costs no new memory.
    private var piece: [UInt8] = []

    private let receive: (ResponseHead, [UInt8]) throws(HTTPError) -> Bool
    private let next: (Int) throws(HTTPError) -> [UInt8]

    /// The most bytes of headers, those of redirects and interim answers included.
    static let maximumHeadByteCount: Int64 = 65_536

    /// - Parameters:
    ///   - receive: Takes the next bytes of the body; `false` or an error ends the exchange.
    ///   - next: Gives at most so many bytes to send; an error ends the exchange.
    init(
        receive: @escaping (ResponseHead, [UInt8]) throws(HTTPError) -> Bool,
        next: @escaping (Int) throws(HTTPError) -> [UInt8] = { _ in [] }
    ) {
        self.receive = receive
        self.next = next
    }

    /// Returns `false` when the exchange has to end.
    func addHeader(line: [UInt8]) -> Bool {
        headByteCount += Int64(line.count)
        guard headByteCount <= Self.maximumHeadByteCount else {
            failure = .tooLong(limitBytes: Self.maximumHeadByteCount)
            return false
        }
        // What a server sends after its body must not change how the body was understood.
        if !bodyHasBegun { head.add(line: line) }
        return true
    }

    /// Returns `false` when the exchange has to end.
    @unsafe func addBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bodyHasBegun = true
        piece.removeAll(keepingCapacity: true)
        unsafe piece.append(contentsOf: bytes)
        do {
            return try receive(head, piece)
        } catch {
            failure = error
            return false
        }
    }

    /// Returns `nil` when the exchange has to end.
    func nextBody(maximumByteCount: Int) -> [UInt8]? {
        do {
            let bytes = try next(maximumByteCount)
            precondition(bytes.count <= maximumByteCount, "more bytes than were asked for")
            return bytes
        } catch {
            failure = error
            return nil
        }
    }
}
