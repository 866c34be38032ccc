public import Model
internal import TestSupport
public import Trust

/// Firmware with its bytes, and what becomes of a machine that boots it.
public struct Firmware {
    public let signed: SignedImage
    public let bytes: [UInt8]
    public var conduct = Conduct.healthy

    public enum Conduct: Sendable { case healthy, unhealthy, neverBoots }

    public var digest: Digest { signed.image.sha256 }

    /// Bytes that depend on `release` and `seed`, by default a number that is no multiple of any
    /// step.
    public init(
        _ text: String, hardware: [String] = ["gw-2"], from: [String] = [],
        counter: Int64 = 1, conduct: Conduct = .healthy, seed: UInt64 = 0,
        byteCount: Int = 50_001
    ) throws {
        let release = try release(text)
        var state = text.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) }
        // A pattern whose length is a prime, so that no two pieces of a transfer are alike.
        let pattern = (0..<251).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        var bytes: [UInt8] = []
        for _ in 0..<200 { bytes.append(contentsOf: pattern) }
        self.bytes = Array(bytes[..<byteCount])
        let path = must(TargetPath("\(release.name)/\(release.version)-\(seed).raw"))
        let image = must(
            ImageReference(
                path: path, sha256: hashing.sha256(self.bytes), length: Int64(self.bytes.count)))
        signed = try SignedImage(
            image, release: release, hardware: Set(hardware.map(model)),
            from: Set(from.map(version)), counter: counter)
        self.conduct = conduct
    }
}
