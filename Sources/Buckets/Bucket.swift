import Foundation
internal import Curl
internal import Model
internal import OpenSSL
internal import Trust

/// A bucket of S3, or of anything that speaks its protocol; every call blocks.
///
/// A request that the network lost, or that the service could not serve just then, is made again a
/// few times; each of them may be repeated without harm.
struct Bucket {
    let address: BucketAddress
    let credentials: BucketCredentials
    let pace: BucketPace

    /// The longest answer that is read, in bytes: a page of a list.
    private static let answerLimitBytes = 4_194_304

    /// The most pages of a list.
    private static let maximumPageCount = 10_000

    private static let emptyDigest =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    // MARK: Requests

    /// One request, repeated while that may help.
    func send(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], body: [UInt8] = [],
        allowing more: Set<Int> = []
    ) throws(BucketError) -> HTTPResponse {
        let digest = body.isEmpty ? Self.emptyDigest : OpenSSLHashing().sha256(body).hex
        return try repeating { client throws(BucketError) in
            let request = HTTPRequest(
                method: method, url: url(path, query), headers: headers(digest), body: body)
            let answer = try network { () throws(HTTPError) in
                try client.send(request, bodyLimitBytes: Self.answerLimitBytes)
            }
            return try check(answer, allowing: more)
        }
    }

    /// Sends a part of a file.
    func upload(
        _ part: FilePart, to path: String, query: [(String, String)] = []
    ) throws(BucketError) -> HTTPResponse {
        let digest = try part.digest()
        return try repeating { client throws(BucketError) in
            let reader = try part.reader()
            let answer = try network { () throws(HTTPError) in
                try client.upload(
                    url: url(path, query), method: .put, headers: headers(digest.hex),
                    length: part.length, bodyLimitBytes: Self.answerLimitBytes, next: reader.next)
            }
            return try check(answer)
        }
    }

    private func network<Answer>(
        _ body: () throws(HTTPError) -> Answer
    ) throws(BucketError) -> Answer {
        do { return try body() } catch { throw .network(error) }
    }

    private func repeating(
        _ body: (HTTPClient) throws(BucketError) -> HTTPResponse
    ) throws(BucketError) -> HTTPResponse {
        for attempt in 1..<pace.maximumAttempts {
            do throws(BucketError) { return try body(client()) } catch {
                guard error.isTransient else { throw error }
            }
            pace.wait(attempt)
        }
        return try body(client())
    }

    private func client() throws(BucketError) -> HTTPClient {
        var options = HTTPOptions.standard
        options.connectTimeoutSeconds = pace.connectTimeoutSeconds
        options.signature = AWSSignature(
            keyID: credentials.keyID, secret: credentials.secret, region: address.region,
            service: "s3")
        do { return try HTTPClient(options: options) } catch { throw .network(error) }
    }

    /// The digest is signed with the headers: bytes that change on the way are refused.
    private func headers(_ digest: String) -> [(String, String)] {
        let token = credentials.sessionToken.map { [("x-amz-security-token", $0)] } ?? []
        return [
            ("x-amz-content-sha256", digest), ("Content-Type", "application/octet-stream"),
        ] + token
    }

    /// Sorted and encoded as it is signed: libcurl signs it as it stands.
    private func url(_ path: String, _ query: [(String, String)]) -> String {
        let text = query.sorted { $0.0 < $1.0 }
            .map { "\(URLPath.encode($0.0))=\(URLPath.encode($0.1))" }.joined(separator: "&")
        return "\(address.scheme)://\(address.host)\(path)" + (text.isEmpty ? "" : "?\(text)")
    }

    private func check(
        _ answer: HTTPResponse, allowing more: Set<Int> = []
    ) throws(BucketError) -> HTTPResponse {
        let body = BucketAnswer(answer.body)
        // Some answers begin well, and tell only then that they failed.
        let failure = body.elements("Error").first
        guard (200..<300).contains(answer.status), failure == nil else {
            guard !more.contains(answer.status) else { return answer }
            throw .refused(
                status: answer.status, code: failure?.value("Code").map(Self.plain) ?? "")
        }
        return answer
    }

    /// A code is one word; anything else does not come into our log.
    private static func plain(_ code: String) -> String {
        String(code.unicodeScalars.filter { $0.isASCII && $0.properties.isAlphabetic }.prefix(64))
    }

    // MARK: Objects

    /// The length of the object, in bytes; `nil` when there is none.
    func length(of digest: Digest) throws(BucketError) -> Int64? {
        let answer = try send(.head, address.path(of: digest), allowing: [404])
        guard answer.status != 404 else { return nil }
        guard let length = answer.header("content-length").flatMap({ Int64($0) }) else {
            throw .unreadable("an object without a length")
        }
        return length
    }

    /// Removes the object; one that is gone already is no error.
    func remove(key: String) throws(BucketError) {
        _ = try send(.delete, "\(address.path)/\(key)", allowing: [404])
    }

    /// Everything below the prefix of images.
    func objects() throws(BucketError) -> [BucketAnswer] {
        try pages(
            [("list-type", "2"), ("prefix", address.keyPrefix)], "Contents",
            next: [("NextContinuationToken", "continuation-token")])
    }

    /// Uploads in several parts that were not completed.
    func unfinishedUploads() throws(BucketError) -> [BucketAnswer] {
        try pages(
            [("uploads", ""), ("prefix", address.keyPrefix)], "Upload",
            next: [("NextKeyMarker", "key-marker"), ("NextUploadIdMarker", "upload-id-marker")])
    }

    /// - Parameter next: What of an answer is said in the request for the page that follows it.
    private func pages(
        _ query: [(String, String)], _ element: String, next: [(String, String)]
    ) throws(BucketError) -> [BucketAnswer] {
        var found: [BucketAnswer] = []
        var more: [(String, String)] = []
        for _ in 0..<Self.maximumPageCount {
            let answer = BucketAnswer(
                try send(.get, address.path, query: query + more).body)
            found += answer.elements(element)
            guard answer.value("IsTruncated") == "true" else { return found }
            more = next.compactMap { name, parameter in
                answer.value(name).map { (parameter, $0) }
            }
            guard !more.isEmpty else { throw .unreadable("a list that does not go on") }
        }
        throw .unreadable("a list without end")
    }
}

/// How long a bucket is waited for.
public struct BucketPace: Hashable, Sendable {
    public var maximumAttempts: Int
    /// Before the second attempt; doubled before each that follows.
    public var firstPauseMilliseconds: Int
    public var connectTimeoutSeconds: Int

    public init(
        maximumAttempts: Int, firstPauseMilliseconds: Int, connectTimeoutSeconds: Int
    ) {
        precondition(maximumAttempts >= 1, "nothing is tried")
        self.maximumAttempts = maximumAttempts
        self.firstPauseMilliseconds = firstPauseMilliseconds
        self.connectTimeoutSeconds = connectTimeoutSeconds
    }

    /// Five attempts within some four seconds.
    public static let standard = BucketPace(
        maximumAttempts: 5, firstPauseMilliseconds: 250, connectTimeoutSeconds: 5)

    func wait(_ attempt: Int) {
        let milliseconds = firstPauseMilliseconds << min(attempt - 1, 10)
        Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
    }
}
