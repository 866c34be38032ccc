import JSON
import Model
import OpenSSL
import Testing
import Trust
import Wire

func name<N: Name>(_ text: String) throws -> N { try #require(N(text)) }

func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

func releaseID(_ text: String = "acme-gateway 2.4.1") throws -> ReleaseID {
    try #require(ReleaseID(text))
}

func digest(_ byte: UInt8) throws -> Digest {
    try #require(Digest(bytes: Array(repeating: byte, count: 32)))
}

func imageReference() throws -> ImageReference {
    let path = try #require(TargetPath("acme/2.4.1.raw"))
    return try #require(ImageReference(path: path, sha256: digest(0xab), length: 4096))
}

/// The private key with the seed that repeats `number`.
func key(_ number: UInt8) throws -> Ed25519PrivateKey {
    try Ed25519PrivateKey(seed: Array(repeating: number, count: 32))
}

extension Ed25519PrivateKey {
    var keyID: KeyID { publicKey.keyID(hashing: OpenSSLHashing()) }
}

/// `content`, signed by the key that repeats `number`.
func signed<Content: WireMessage>(
    _ content: Content, by number: UInt8 = 7
) throws -> SignedMessage<Content> {
    let key = try key(number)
    return try SignedMessage(signing: content, keyID: key.keyID) { try key.sign($0) }
}

extension CheckIn {
    static func full(
        phase: PhaseReport? = nil, attributes: [String: String]? = ["site": "berlin"]
    ) throws -> CheckIn {
        CheckIn(
            device: try name("gw-0001"), hardware: try name("gw-2"), sequence: 42,
            boot: BootReport(
                slot: try name("a"), bootID: try name("b0071d"),
                release: try releaseID("acme-gateway 2.4.0"), sha256: try digest(0xcd),
                isConfirmed: true),
            phase: try phase ?? .downloading(name("offer-1"), bytesDone: 1024, bytesTotal: 4096),
            attributes: try attributes.map { try Attributes($0) },
            enrolment: Enrolment(publicKey: try key(9).ed25519PublicKey, token: "let me in"))
    }
}

extension Offer {
    static func plain() throws -> Offer {
        Offer(
            device: try name("gw-0001"), nonce: try name("offer-1"),
            rollout: try name("gateway-2.4.1"), wave: 1, release: try releaseID(),
            image: try imageReference(), expires: at(86_400))
    }
}

extension Directive {
    static func with(_ order: Order?) throws -> Directive {
        Directive(device: try name("gw-0001"), answers: 42, checkInAfterSeconds: 300, order: order)
    }
}

extension RolloutFile {
    static let full = RolloutFile(
        rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: "hardware == \"gw-2\"",
        waves: [
            Wave(name: "canary", sample: 50, strata: ["board_revision", "carrier"], soak: "24h"),
            Wave(name: "friends", list: ["gw-1", "gw-2"], approval: "required"),
            Wave(name: "first", count: 7), Wave(name: "sites", devices: "site == \"a\""),
            Wave(
                name: "fleet", percent: "100%", soak: "12h",
                rate: Rate(start: "60/min", factor: 2, every: "500 confirmed", max: "5000/min")),
        ],
        gate: Gate(
            maxFailureRate: "2%", confidence: "95%", minConfirmed: 20,
            require: "no_evidence_of_harm", overdueAfter: "2h", perClass: ["download": "10%"]),
        limits: Limits(
            concurrent: 500, per: ["site": "25%"], neverTogether: ["ha_pair"],
            window: Window(days: "mon-fri", from: "01:00", to: "05:00", zone: "device"),
            egress: "200 GB/day"),
        retries: Retries(max: 3, backoff: "10m", classes: ["download"]), priority: "7",
        supersedes: .named(["gateway-2.4.0"]), onFailure: "revert",
        revertTo: "acme-gateway 2.4.0", expires: "14d", deferFor: "6h")
}
