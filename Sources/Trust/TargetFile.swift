public import JSON
internal import Model

/// What targets metadata says of one target (TUF 4.5), Slipway image or not.
public struct TargetFile: Hashable, Sendable {
    /// In bytes.
    public let length: Int64
    public let hashes: Hashes
    /// What the signers added for applications.
    public let custom: JSONObject?

    init(_ fields: JSONFields) throws(JSONShapeError) {
        length = try fields.integer("length", in: 0...Int64.max)
        hashes = try Hashes(fields)
        custom = try fields.optionalMembers("custom")
    }

    /// What the signers say of the target at `path` as an image; `nil` for any other target.
    ///
    /// It is read only when somebody wants this image: one that this version cannot read, perhaps
    /// because a later one wrote it, must keep nobody from the others.
    ///
    /// - Throws: ``JSONShapeError`` when it is an image and cannot be read.
    public func image(at path: String) throws(JSONShapeError) -> SignedImage? {
        guard custom?[SignedImage.member] != nil, let target = TargetPath(path) else { return nil }
        return try SignedImage(target, self)
    }

    /// The path under which the repository serves `path`; `nil` when no listed hash is known.
    ///
    /// With consistent snapshots the digest stands before the last name (TUF 1.0.34 section 6.2).
    public func publishedPath(_ path: String, isConsistent: Bool) -> String? {
        guard isConsistent else { return path }
        guard let prefix = hashes.prefix else { return nil }
        // By bytes: to Swift a slash and an accent that follows it are one character.
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let start = slash.map { path.utf8.index(after: $0) } ?? path.startIndex
        let bytes = Array(path.utf8[..<start]) + Array("\(prefix).".utf8) + path.utf8[start...]
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Checks the bytes of one target while they arrive; memory does not grow with them.
public struct TargetCheck {
    private let expected: TargetFile
    private var length: Int64 = 0
    private var streams: [HashAlgorithm: any DigestStream]

    public init(_ expected: TargetFile, hashing: some Hashing) {
        self.expected = expected
        streams = [:]
        for (algorithm, _) in expected.hashes.known {
            streams[algorithm] = hashing.stream(algorithm)
        }
    }

    /// - Throws: ``TargetRefusal/tooLong(expected:)`` as soon as more bytes arrive than were signed.
    public mutating func update(_ bytes: [UInt8]) throws(TargetRefusal) {
        guard Int64(bytes.count) <= expected.length - length else {
            throw .tooLong(expected: expected.length)
        }
        length += Int64(bytes.count)
        for algorithm in streams.keys { streams[algorithm]?.update(bytes) }
    }

    /// Ends the check; no other call may follow.
    ///
    /// - Throws: ``TargetRefusal`` unless length and every known digest are those that were signed.
    public mutating func finish() throws(TargetRefusal) {
        guard length == expected.length else {
            throw .tooShort(length, expected: expected.length)
        }
        guard !streams.isEmpty else { throw .noKnownHash }
        for (algorithm, digest) in expected.hashes.known
        where streams[algorithm]?.finish() != digest {
            throw .wrongDigest(algorithm, expected: Hex.encode(digest))
        }
    }
}

/// Why bytes are not the target that was signed.
public enum TargetRefusal: Error, Hashable, CustomStringConvertible {
    case tooLong(expected: Int64)
    case tooShort(Int64, expected: Int64)
    case wrongDigest(HashAlgorithm, expected: String)
    /// The signers listed only digests that this version cannot compute.
    case noKnownHash

    public var description: String {
        switch self {
        case .tooLong(let expected):
            "more than the \(expected) bytes that were signed"
                + " (it may be an endless-data attack)"
        case .tooShort(let length, let expected):
            "\(length) of the \(expected) bytes that were signed (it may be truncated)"
        case .wrongDigest(let algorithm, let expected):
            "not the bytes with \(algorithm.rawValue) \(expected) that were signed"
                + " (it may be an attempt to install a foreign image)"
        case .noKnownHash: "signed without any digest that can be checked here"
        }
    }
}
