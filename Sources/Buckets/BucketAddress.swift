internal import Model

/// Which bucket, where, and below which prefix.
public struct BucketAddress: Hashable, Sendable {
    let bucket: String
    /// Without slashes at its ends; empty for the whole bucket.
    let prefix: String
    /// `http` or `https`.
    let scheme: String
    /// With a port, where one is named.
    let host: String
    let region: String

    /// - Parameters:
    ///   - location: Such as `s3://bucket/prefix`.
    ///   - endpoint: The address of the service; `nil` for that of AWS in the region.
    /// - Returns: `nil` for anything that could not be the address of a bucket.
    public init?(location: String, endpoint: String?, region: String) {
        let start = "s3://"
        guard location.hasPrefix(start) else { return nil }
        let parts = location.dropFirst(start.count).split(separator: "/", maxSplits: 1)
        guard let bucket = parts.first, Self.isBucket(bucket), Self.isPlain(region) else {
            return nil
        }
        self.bucket = String(bucket)
        prefix = parts.count == 2 ? parts[1].split(separator: "/").joined(separator: "/") : ""
        self.region = region
        let address = endpoint ?? "https://s3.\(region).amazonaws.com"
        guard let scheme = ["https", "http"].first(where: { address.hasPrefix("\($0)://") }),
            prefix.split(separator: "/").allSatisfy({ Self.isPlain(String($0)) && $0 != ".." })
        else { return nil }
        self.scheme = scheme
        var host = address.dropFirst(scheme.count + 3)
        if host.hasSuffix("/") { host.removeLast() }
        guard !host.isEmpty,
            host.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"/?#@".utf8.contains($0) })
        else { return nil }
        // A client does not send the port that its scheme has anyway.
        let usual = scheme == "https" ? ":443" : ":80"
        self.host = host.hasSuffix(usual) ? String(host.dropLast(usual.count)) : String(host)
    }

    /// As long as S3 allows, of characters that a path has as they are.
    private static func isBucket(_ text: Substring) -> Bool {
        (3...63).contains(text.utf8.count) && isPlain(String(text))
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && URLPath.encode(text) == text
    }

    /// The path of the bucket, in which the bucket's name is a folder: so it works everywhere.
    var path: String { "/\(bucket)" }

    /// What stands before the digest in the key of every image.
    var keyPrefix: String { prefix.isEmpty ? "sha256/" : "\(prefix)/sha256/" }

    func key(of digest: Digest) -> String { keyPrefix + digest.hex }

    func path(of digest: Digest) -> String { "\(path)/\(key(of: digest))" }
}
