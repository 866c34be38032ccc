internal import Hummingbird
internal import Model
internal import NIOCore
internal import Orchestrator

/// Where a request comes from, and what that place may still ask.
struct Visitor: Sendable {
    let address: NetworkAddress
    let limits: CallerLimits

    /// Checks a device in, unless it or its address asks too much.
    ///
    /// - Throws: ``Refusal``, also ``Refusal/tooMany(retryAfterSeconds:)``.
    func checkIn(
        _ message: [UInt8], at orchestrator: Orchestrator,
        note: @Sendable (CheckInOutcome) -> Void = { _ in }
    ) async throws(Refusal) -> [UInt8] {
        var claimed: DeviceID?
        do {
            let admit = { (device: DeviceID) throws(Refusal) in
                claimed = device
                try limits.admitCheckIn(of: device, from: address)
            }
            let answer = try await orchestrator.checkIn(message, admit: admit, note: note)
            if let claimed { limits.noteProof(of: .device(claimed), at: address) }
            return answer
        } catch {
            switch error {
            // It has no name by which it could have been heard before.
            case .malformed: try limits.admit(nil, from: address)
            case .stranger, .conflict:
                if let claimed { limits.noteFailure(of: .device(claimed), at: address) }
            case .forbidden, .unknown, .outdated, .invalid, .tooLong, .tooMany, .checksum, .store,
                .signing:
                break
            }
            throw error
        }
    }

    /// Notes that the token of the request is good.
    func noteToken(of request: Request) {
        guard let token = request.headers[.authorization] else { return }
        limits.noteProof(of: .bearer(token), at: address)
    }
}

/// Finds out where requests come from, and refuses those of whom there are too many.
struct LimitingCallers: RouterMiddleware {
    let limits: CallerLimits
    let proxies: TrustedProxies

    static let checkInPath = "/device/v1/check-in"

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        // What a trusted proxy asks for itself, such as how we are, is not counted.
        guard let address = client(of: request, context), !proxies.contains(address) else {
            return try await next(request, context)
        }
        let token = request.headers[.authorization].map { CallerLimits.Caller.bearer($0) }
        do {
            try limits.admitRequest(from: address)
            // Who checks in is known only once the message is read.
            if request.uri.path != Self.checkInPath { try limits.admit(token, from: address) }
        } catch { return Response(refusal: error, of: context) }
        var context = context
        context.visitor = Visitor(address: address, limits: limits)
        let response = try await next(request, context)
        if Self.isFailure(response.status.code, at: request.uri.path) {
            limits.noteFailure(at: address)
            if let token { limits.noteFailure(of: token, at: address) }
        }
        return response
    }

    private func client(
        of request: Request, _ context: WebServer.Context
    ) -> NetworkAddress? {
        guard let peer = context.peer?.ipAddress, let peer = NetworkAddress(peer) else {
            return nil
        }
        guard proxies.contains(peer) else { return peer }
        return proxies.client(peer: peer, lines: request.headers.lines(proxies.header))
    }

    /// Whether an answer means that somebody is not who they say, or does not speak our language.
    ///
    /// Not what a proven operator gets wrong, nor a file that is not there: every client looks for
    /// metadata that may come one day.
    static func isFailure(_ status: Int, at path: String) -> Bool {
        switch status {
        case 401: true
        case 400, 413: !path.hasPrefix("/api/")
        case 409: path == checkInPath
        default: false
        }
    }
}

extension HTTPFields {
    /// The values of all lines of `header`, in the order they came.
    fileprivate func lines(_ header: TrustedProxies.Header) -> [String] {
        filter { $0.name.canonicalName == header.rawValue }.map(\.value)
    }
}
