internal import Agent
internal import Curl
internal import Model

/// The server over HTTP, with the mirrors of its repository: one client for messages, another for
/// images, so that a device can report while it downloads.
///
/// Only the server is ever checked in at.
final class HTTPTransport: Transport {
    private let messages: HTTPClient
    private let repository: MirroredRepository
    private let server: String
    private let limits: Limits
    private let clock: any AgentClock
    private let willCheckIn: (String) -> Void

    /// - Parameters:
    ///   - note: Told of each mirror that fails, one sentence for a person.
    ///   - willCheckIn: Told how each check-in is called in the server's log, before it is sent.
    init(
        _ settings: NetworkSettings, limits: Limits, clock: any AgentClock,
        note: @escaping (String) -> Void, willCheckIn: @escaping (String) -> Void = { _ in }
    ) throws(HTTPError) {
        let messages = try HTTPClient(options: settings.options)
        var options = settings.options
        options.maximumReceiveBytesPerSecond = settings.maximumBytesPerSecond
        let images = try HTTPClient(options: options)
        func place(_ base: String) -> MirroredRepository.Place {
            MirroredRepository.Place(
                name: base,
                source: HTTPSource(base: base, messages: messages, images: images, clock: clock))
        }
        repository = MirroredRepository(
            mirrors: settings.mirrors.map(place), server: place("\(settings.server)/repository"),
            clock: clock, note: note)
        self.messages = messages
        server = settings.server
        self.limits = limits
        self.clock = clock
        self.willCheckIn = willCheckIn
    }

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        let answer: HTTPResponse
        let id = Self.newRequestID()
        willCheckIn(id)
        do {
            answer = try messages.send(
                HTTPRequest(
                    method: .post, url: "\(server)/device/v1/check-in",
                    headers: [("Content-Type", "application/json"), ("X-Request-Id", id)],
                    body: message),
                bodyLimitBytes: limits.messageBytes)
        } catch { throw TransportError(error, by: clock) }
        guard answer.status == 200 else { throw TransportError(refusing: answer) }
        return answer.body
    }

    /// 16 random digits: a name that nobody else's request has, which says nothing of the device.
    private static func newRequestID() -> String {
        Hex.encode((0..<8).map { _ in UInt8.random(in: 0 ... .max) })
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        try repository.metadata(name, limitBytes: limitBytes)
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        try repository.image(path, from: offset, maximumBytes: maximumBytes, receive: receive)
    }

    func avoidSource(of kind: RepositoryFileKind) -> Bool { repository.avoidSource(of: kind) }
}
