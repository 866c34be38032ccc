internal import Model
internal import OpenSSL
internal import Trust

/// AWS's Signature Version 4 in the query of a URL: a link that anybody may follow for a while.
///
/// Pure: the same arguments give the same link. Requests of our own are signed by libcurl.
struct SignatureV4: Sendable {
    let credentials: BucketCredentials
    let region: String
    let service: String

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The URL by which `method` is allowed from `now` on.
    ///
    /// - Parameters:
    ///   - host: As the `Host` header will have it, with a port that is not the scheme's own.
    ///   - path: Percent-encoded, from the first slash on.
    ///   - lifetimeSeconds: At most a week.
    func presignedURL(
        method: String, scheme: String, host: String, path: String, now: Instant,
        lifetimeSeconds: Int
    ) throws(OpenSSLError) -> String {
        let time = Self.basicForm(now)
        let scope = "\(time.prefix(8))/\(region)/\(service)/aws4_request"
        var query = [
            ("X-Amz-Algorithm", Self.algorithm),
            ("X-Amz-Credential", "\(credentials.keyID)/\(scope)"),
            ("X-Amz-Date", time), ("X-Amz-Expires", "\(lifetimeSeconds)"),
        ]
        if let token = credentials.sessionToken { query.append(("X-Amz-Security-Token", token)) }
        query.append(("X-Amz-SignedHeaders", "host"))
        let text = query.map { "\(URLPath.encode($0.0))=\(URLPath.encode($0.1))" }
            .joined(separator: "&")
        let request = [method, path, text, "host:\(host)", "", "host", "UNSIGNED-PAYLOAD"]
            .joined(separator: "\n")
        let signed = [
            Self.algorithm, time, scope, OpenSSLHashing().sha256(Array(request.utf8)).hex,
        ].joined(separator: "\n")
        let signature = Hex.encode(
            try MessageAuthentication.hmacSHA256(
                Array(signed.utf8), key: key(of: time.prefix(8))))
        return "\(scheme)://\(host)\(path)?\(text)&X-Amz-Signature=\(signature)"
    }

    private func key(of day: Substring) throws(OpenSSLError) -> [UInt8] {
        var key = Array("AWS4\(credentials.secret)".utf8)
        for part in [String(day), region, service, "aws4_request"] {
            key = try MessageAuthentication.hmacSHA256(Array(part.utf8), key: key)
        }
        return key
    }

    /// `20130524T000000Z`, ISO 8601 without separators.
    private static func basicForm(_ moment: Instant) -> String {
        moment.description.filter { $0 != "-" && $0 != ":" }
    }
}
