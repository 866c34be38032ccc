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

    /// - Parameter note: Told of each mirror that fails, one sentence for a person.
    init(
        _ settings: NetworkSettings, limits: Limits, clock: any AgentClock,
        note: @escaping (String) -> Void
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
    }

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        let answer: HTTPResponse
        do {
            answer = try messages.send(
                HTTPRequest(
                    method: .post, url: "\(server)/device/v1/check-in",
                    headers: [("Content-Type", "application/json")], body: message),
                bodyLimitBytes: limits.messageBytes)
        } catch { throw TransportError(error, by: clock) }
        guard answer.status == 200 else { throw TransportError(refusing: answer) }
        return answer.body
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
