internal import Foundation
internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// Uploads that can be gone on with, by the tus protocol 1.0.0 (https://tus.io/protocols).
///
/// Of its extensions: creation, expiration, termination and checksum. An upload's address ends in
/// the SHA-256 of the image, which the client announces as `sha256` in `Upload-Metadata`; so whoever
/// begins an upload that has begun already gets the same address, and `Upload-Offset` with it.
struct UploadRoutes {
    let orchestrator: Orchestrator

    private static let place = "/api/v1/uploads"

    func add(to group: RouterGroup<WebServer.Context>) {
        let uploads = group.group("uploads").add(middleware: TusVersion())
        uploads.on("", method: .options) { _, _ in
            Response(
                status: .noContent,
                headers: [
                    .tusVersion: TusVersion.version,
                    .tusExtension: "creation,expiration,termination,checksum",
                    .tusMaxSize: "\(orchestrator.imageLimitBytes)",
                    .tusChecksumAlgorithm: "sha256",
                ])
        }
        uploads.post("") { request, _ in try await begin(request) }
        uploads.head("{sha256}") { _, context in
            let standing = try await orchestrator.standing(
                ofUpload: ManagementRoutes.digest(context))
            var headers = HTTPFields(standing)
            headers[.uploadLength] = "\(standing.length)"
            headers[.cacheControl] = "no-store"
            return Response(status: .ok, headers: headers)
        }
        uploads.patch("{sha256}") { request, context in try await append(request, context) }
        uploads.delete("{sha256}") { _, context in try await end(context) }
        // For clients behind something that lets only some methods through.
        uploads.post("{sha256}") { request, context in
            switch request.headers[.methodOverride] {
            case "PATCH": return try await append(request, context)
            case "DELETE": return try await end(context)
            default:
                throw Refusal.malformed("X-HTTP-Method-Override: expected PATCH or DELETE")
            }
        }
    }

    private func begin(_ request: Request) async throws -> Response {
        guard let length = Self.number(request.headers[.uploadLength]) else {
            throw Refusal.malformed("Upload-Length: expected the image's length in bytes")
        }
        guard let digest = UploadMetadata.sha256(in: request.headers[.uploadMetadata]) else {
            throw Refusal.invalid(
                "Upload-Metadata: expected sha256 with the image's SHA-256, 64 hexadecimal digits"
                    + " in base 64")
        }
        let standing = try await orchestrator.beginUpload(of: digest, length: length)
        var headers = HTTPFields(standing)
        headers[.location] = "\(Self.place)/\(digest.hex)"
        return Response(status: .created, headers: headers)
    }

    private func append(
        _ request: Request, _ context: WebServer.Context
    ) async throws -> Response {
        let digest = try ManagementRoutes.digest(context)
        guard request.headers[.contentType] == "application/offset+octet-stream" else {
            throw HTTPError(.unsupportedMediaType)
        }
        guard let offset = Self.number(request.headers[.uploadOffset]) else {
            throw Refusal.malformed("Upload-Offset: expected a number of bytes")
        }
        let standing = try await orchestrator.append(
            toUpload: digest, at: offset, expecting: Self.checksum(request),
            request.body.map { Array($0.readableBytesView) })
        return Response(status: .noContent, headers: HTTPFields(standing))
    }

    private func end(_ context: WebServer.Context) async throws -> Response {
        try await orchestrator.endUpload(of: ManagementRoutes.digest(context))
        return Response(status: .noContent)
    }

    private static func checksum(_ request: Request) throws(Refusal) -> Digest? {
        guard let text = request.headers[.uploadChecksum] else { return nil }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0] == "sha256", let bytes = Base64.decode(String(words[1])),
            let digest = Digest(bytes: bytes)
        else { throw .invalid("Upload-Checksum: expected sha256 and a digest in base 64") }
        return digest
    }

    private static func number(_ text: String?) -> Int64? {
        guard let text, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}

/// Pairs of a name and a value in base 64, separated by commas.
enum UploadMetadata {
    /// The digest that stands under `sha256`; `nil` when none does, or two do.
    static func sha256(in header: String?) -> Digest? {
        let found = (header ?? "").split(separator: ",").compactMap { pair -> String? in
            let words = pair.split(separator: " ")
            return words.count == 2 && words[0] == "sha256" ? String(words[1]) : nil
        }
        guard found.count == 1, let bytes = Base64.decode(found[0]) else { return nil }
        return Digest(hex: String(decoding: bytes, as: UTF8.self))
    }
}

/// Answers only clients that speak this version of tus, and says in every answer which it is.
struct TusVersion: RouterMiddleware {
    static let version = "1.0.0"

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        guard request.method == .options || request.headers[.tusResumable] == Self.version else {
            return Response(
                ErrorAnswer(error: "Tus-Resumable: expected \(Self.version)"),
                status: .preconditionFailed,
                headers: [.tusResumable: Self.version, .tusVersion: Self.version])
        }
        var response = try await Answering().handle(request, context: context, next: next)
        response.headers[.tusResumable] = Self.version
        return response
    }
}

extension HTTPFields {
    fileprivate init(_ standing: UploadStanding) {
        self = [.uploadOffset: "\(standing.offset)"]
        if let expires = standing.expires { self[.uploadExpires] = expires.httpDate }
    }
}

extension Instant {
    /// As RFC 9110 section 5.6.7 writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    var httpDate: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSince1970: Double(secondsSinceEpoch)))
    }
}

extension HTTPFields.Element.Name {
    static let tusResumable = HeaderName.of("Tus-Resumable")
    static let tusVersion = HeaderName.of("Tus-Version")
    static let tusExtension = HeaderName.of("Tus-Extension")
    static let tusMaxSize = HeaderName.of("Tus-Max-Size")
    static let tusChecksumAlgorithm = HeaderName.of("Tus-Checksum-Algorithm")
    static let uploadOffset = HeaderName.of("Upload-Offset")
    static let uploadLength = HeaderName.of("Upload-Length")
    static let uploadMetadata = HeaderName.of("Upload-Metadata")
    static let uploadChecksum = HeaderName.of("Upload-Checksum")
    static let uploadExpires = HeaderName.of("Upload-Expires")
    static let methodOverride = HeaderName.of("X-HTTP-Method-Override")
}
