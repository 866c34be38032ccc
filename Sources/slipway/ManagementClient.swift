import Foundation
internal import Curl
internal import Model
internal import Wire

/// The server's management interface, as one blocking call each.
struct ManagementClient {
    let server: String
    let token: String?
    /// A file of the only authorities that are trusted; `nil` for the system's.
    let authority: String?
    private let http: HTTPClient

    /// The longest answer that is read, in bytes.
    private static let answerLimitBytes = 268_435_456

    /// How long an answer may take.
    private static let patienceSeconds = 600

    /// - Parameter authority: A file of the only authorities that are trusted; `nil` for the system's.
    init(server: String, token: String?, authority: String? = nil) throws(SlipwayError) {
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.token = token
        self.authority = authority
        // Planning for a large fleet takes a while in which nothing is sent.
        var options = HTTPOptions.standard
        options.stallTimeoutSeconds = Self.patienceSeconds
        options.wallTimeoutSeconds = Self.patienceSeconds
        options.authorityPath = authority
        do { http = try HTTPClient(options: options) } catch {
            throw .unreachable(server: server, problem: "\(error)")
        }
    }

    func get<Answer: WireMessage>(_ path: String) throws(SlipwayError) -> Answer {
        try read(send(.get, path, body: []))
    }

    func post<Answer: WireMessage>(
        _ path: String, _ body: [UInt8] = []
    ) throws(SlipwayError) -> Answer {
        try read(send(.post, path, body: body))
    }

    /// The answer as it came.
    func postForBytes(_ path: String) throws(SlipwayError) -> [UInt8] {
        try send(.post, path, body: [])
    }

    func put<Answer: WireMessage>(
        _ path: String, _ body: [UInt8]
    ) throws(SlipwayError) -> Answer {
        try read(send(.put, path, body: body, once: Self.newKey()))
    }

    /// An answer that is no message of ours.
    func bytes(of path: String) throws(SlipwayError) -> [UInt8] { try send(.get, path, body: []) }

    /// Sends a file piece by piece.
    func upload<Answer: WireMessage>(
        _ file: String, to path: String, contentType: String
    ) throws(SlipwayError) -> Answer {
        guard let handle = FileHandle(forReadingAtPath: file) else { throw .missing(path: file) }
        defer { try? handle.close() }
        let length: UInt64
        do {
            length = try handle.seekToEnd()
            try handle.seek(toOffset: 0)
        } catch { throw .badInput(path: file, problem: error.localizedDescription) }
        let headers = headers(and: [("Content-Type", contentType)])
        let answer: HTTPResponse
        do {
            answer = try http.upload(
                url: "\(server)/api/v1/\(path)", method: .post, headers: headers,
                length: Int64(length), bodyLimitBytes: Self.answerLimitBytes
            ) { count in
                // A file that shrinks meanwhile is an upload that is cut off.
                Array((try? handle.read(upToCount: count)) ?? Data())
            }
        } catch { throw .unreachable(server: server, problem: "\(error)") }
        try check(answer)
        return try read(answer.body)
    }

    /// Asks for something new, and asks again after a cut without making two.
    func create<Answer: WireMessage>(
        _ path: String, _ body: [UInt8]
    ) throws(SlipwayError) -> Answer {
        let key = Self.newKey()
        do throws(SlipwayError) { return try read(send(.post, path, body: body, once: key)) } catch
        {
            // The answer may have been lost, not the request.
            guard case .unreachable = error else { throw error }
            return try read(send(.post, path, body: body, once: key))
        }
    }

    func delete(_ path: String) throws(SlipwayError) { _ = try send(.delete, path, body: []) }

    private static func newKey() -> String { UUID().uuidString }

    /// Whether the server has the image already.
    func hasImage(_ digest: Digest) throws(SlipwayError) -> Bool {
        let answer = try exchange(.head, "/api/v1/images/\(digest.hex)", body: [])
        guard answer.status != 404 else { return false }
        try check(answer)
        return true
    }

    /// Sends an image piece by piece, to a server that knows no other way.
    func upload(
        _ digest: Digest, length: Int64, next: (Int) -> [UInt8]
    ) throws(SlipwayError) {
        try check(
            upload("/api/v1/images/\(digest.hex)", .put, length: length, [], next: next))
    }

    /// Sends a long body piece by piece; the answer may be any.
    func upload(
        _ path: String, _ method: HTTPMethod, length: Int64, _ more: [(String, String)],
        next: (Int) -> [UInt8]
    ) throws(SlipwayError) -> HTTPResponse {
        do {
            return try http.upload(
                url: "\(server)\(path)", method: method, headers: headers(and: more),
                length: length, bodyLimitBytes: Self.answerLimitBytes, next: next)
        } catch { throw .unreachable(server: server, problem: "\(error)") }
    }

    /// A metadata file of the server's repository; `nil` when there is none.
    func metadata(_ name: String, limitBytes: Int) throws(SlipwayError) -> [UInt8]? {
        let url = "\(server)/repository/metadata/\(URLPath.encode(name))"
        let answer: HTTPResponse
        do {
            answer = try http.send(
                HTTPRequest(method: .get, url: url, headers: [], body: []),
                bodyLimitBytes: limitBytes)
        } catch { throw .unreachable(server: server, problem: "\(error)") }
        guard answer.status != 404 else { return nil }
        try check(answer)
        return answer.body
    }

    func headers(and more: [(String, String)] = []) -> [(String, String)] {
        let type = more.contains { $0.0 == "Content-Type" }
        let accepts = type ? [] : [("Content-Type", "application/json")]
        return more + accepts + (token.map { [("Authorization", "Bearer \($0)")] } ?? [])
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8], once key: String? = nil
    ) throws(SlipwayError) -> [UInt8] {
        let answer = try exchange(method, "/api/v1/\(path)", body: body, once: key)
        try check(answer)
        return answer.body
    }

    /// The answer to one request, whatever its status.
    func exchange(
        _ method: HTTPMethod, _ path: String, body: [UInt8], _ more: [(String, String)] = [],
        once key: String? = nil
    ) throws(SlipwayError) -> HTTPResponse {
        let once = key.map { [("Idempotency-Key", $0)] } ?? []
        do {
            return try http.send(
                HTTPRequest(
                    method: method, url: "\(server)\(path)", headers: headers(and: more + once),
                    body: body),
                bodyLimitBytes: Self.answerLimitBytes)
        } catch { throw .unreachable(server: server, problem: "\(error)") }
    }

    private func read<Answer: WireMessage>(_ bytes: [UInt8]) throws(SlipwayError) -> Answer {
        do { return try Answer(parsing: bytes, limitBytes: Self.answerLimitBytes) } catch {
            throw .unreachable(server: server, problem: "its answer is not understood: \(error)")
        }
    }

    func check(_ answer: HTTPResponse) throws(SlipwayError) {
        guard !(200..<300).contains(answer.status) else { return }
        throw error(answer)
    }

    /// What an answer that is no success means.
    func error(_ answer: HTTPResponse) -> SlipwayError {
        let told = try? ErrorAnswer(parsing: answer.body, limitBytes: 131_072)
        let name = told?.requestID.map { " (request \($0))" } ?? ""
        let reason = (told?.error ?? "\(server) answered \(answer.status)") + name
        switch answer.status {
        case 401, 403: return .notPermitted("\(reason); name the token by --token-file")
        case 409, 429, 503: return .tryAgain(reason)
        default: return .refused(reason)
        }
    }
}
