import Agent
import AgentSupport
import Model
import OpenSSL
import Testing
import Trust
import Wire

/// A server with one device and one goal, and everything that can go wrong on the way to it.
///
/// What it keeps and says when nothing goes wrong is its ``ServerDesk``, whose members it has too.
@dynamicMemberLookup
final class FakeServer: Transport {
    var desk: ServerDesk
    var isReachable = true
    /// What the next check-ins are answered with instead of a directive.
    var busyAnswers: [TransportError] = []
    /// Overrides what is ordered.
    var order: ((CheckIn) throws -> Directive.Order?)?
    /// Overrides what is sent; given the check-in and the directive that would be sent.
    var answer: ((CheckIn, Directive) throws -> [UInt8])?

    var images = ImageConduct.whole
    /// After how many bytes each of the next transfers breaks off.
    var breaksAfter: [Int] = []
    /// Whether a transfer that breaks off looks like one that ended well.
    var breaksSilently = false
    /// Changes what is sent in a transfer, counted from 0.
    var spoil: (_ transfer: Int, [UInt8]) -> [UInt8] = { $1 }
    var timeOfEachPiece = Duration.zero

    enum ImageConduct: Hashable {
        case whole, absent, status(Int), withoutRanges, neverBegins, endless
    }

    private(set) var transfers: [Int64] = []
    private let machine: FakeMachine

    init(_ repository: TestRepository, machine: FakeMachine) {
        desk = ServerDesk(repository)
        self.machine = machine
    }

    subscript<Value>(dynamicMember path: KeyPath<ServerDesk, Value>) -> Value {
        desk[keyPath: path]
    }

    subscript<Value>(dynamicMember path: WritableKeyPath<ServerDesk, Value>) -> Value {
        get { desk[keyPath: path] }
        set { desk[keyPath: path] = newValue }
    }

    // MARK: Check-ins

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        do {
            let signed = try SignedMessage<CheckIn>(parsing: message, limitBytes: 65_536)
            guard machine.power.call("check-in \(signed.unverified.phase.word)"), isReachable
            else { throw TransportError.unreachable("no route") }
            if !busyAnswers.isEmpty { throw busyAnswers.removeFirst() }
            try desk.hear(signed)
            let directive = desk.directive(
                signed.unverified, try (order ?? usualOrder)(signed.unverified))
            if let answer { return try answer(signed.unverified, directive) }
            return try sign(directive, by: desk.repository.offerKey).bytes
        } catch let error as TransportError { throw error } catch {
            Issue.record("the server failed: \(error)")
            throw .unreachable("\(error)")
        }
    }

    /// What is ordered where ``order`` says nothing else.
    func usualOrder(_ checkIn: CheckIn) throws -> Directive.Order? {
        try desk.followGoal(checkIn, now: machine.now)
    }

    // MARK: Files

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        guard machine.power.call("metadata \(name)"), isReachable else {
            throw .unreachable("no route")
        }
        return desk.repository.metadata[name]
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        guard machine.power.call("image from \(offset)"), isReachable else {
            throw .unreachable("no route")
        }
        transfers.append(offset)
        switch images {
        case .absent: return .absent
        case .status(let status): throw .refused(status: status, "no image")
        case .neverBegins: return .cannotResume
        case .withoutRanges where offset > 0: return .cannotResume
        case .whole, .withoutRanges, .endless: break
        }
        guard let whole = desk.repository.images[path] else { return .absent }
        var bytes = Array(spoil(transfers.count - 1, whole)[Int(offset)...])
        if images == .endless { bytes += bytes }
        let end = breaksAfter.isEmpty ? nil : breaksAfter.removeFirst()
        return try send(bytes, breakingAfter: end, maximumBytes: Int(maximumBytes), to: receive)
    }

    private func send(
        _ bytes: [UInt8], breakingAfter end: Int?, maximumBytes: Int, to receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        let last = min(end ?? bytes.count, bytes.count)
        for start in stride(from: 0, to: last, by: 4096) {
            let piece = Array(bytes[start..<min(start + 4096, last)])
            guard start + piece.count <= maximumBytes else { throw .tooLong }
            machine.pass(timeOfEachPiece)
            guard receive(piece) else { return .stopped }
        }
        guard end != nil, !breaksSilently else { return .complete }
        throw .unreachable("the connection was cut")
    }
}
