internal import Hummingbird
internal import Model
internal import Orchestrator

/// Sends devices elsewhere for images, where images lie elsewhere.
struct ImageLinks {
    let orchestrator: Orchestrator

    /// Answers what `path` names below `targets`; `nil` when images are served from here.
    ///
    /// `HEAD` is answered from what is known, because a link to a bucket is for `GET` alone. A
    /// redirect is not kept by anybody: links expire.
    func answer(_ target: PublishedTarget, _ request: Request) async throws -> Response? {
        guard orchestrator.sendsElsewhere else { return nil }
        guard
            let (image, address) = try await orchestrator.link(
                toImageAt: target.name, target.digest)
        else { throw HTTPError(.notFound) }
        var headers: HTTPFields = [.eTag: target.entityTag, .cacheControl: "no-store"]
        guard request.method == .get else {
            headers[.acceptRanges] = "bytes"
            headers[.contentType] = "application/octet-stream"
            headers[.contentLength] = "\(image.length)"
            return Response(status: .ok, headers: headers)
        }
        headers[.location] = address
        return Response(status: .temporaryRedirect, headers: headers)
    }
}
