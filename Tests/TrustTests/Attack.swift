import JSON
import Model
import OpenSSL
import Testing
import Trust

/// One of the attacks of facts/trust.md B.5, or a breach of the rules of B.3.
struct Attack: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let refusal: Refusal
    /// Whether a device without a history refuses it, too.
    let needsNoHistory: Bool
    let attack: @Sendable (inout FakeRepository) throws -> Void

    init(
        _ sentence: String, _ error: TrustError, needsNoHistory: Bool = true,
        _ attack: @escaping @Sendable (inout FakeRepository) throws -> Void
    ) {
        testDescription = sentence
        refusal = Refusal(error)
        self.needsNoHistory = needsNoHistory
        self.attack = attack
    }

    init(
        _ sentence: String, wrongBytes role: RoleName,
        _ attack: @escaping @Sendable (inout FakeRepository) throws -> Void
    ) {
        testDescription = sentence
        refusal = .wrongBytes(role)
        needsNoHistory = true
        self.attack = attack
    }
}

extension Attack {
    static let table: [Attack] =
        forgeries + miscounts + rollbacks + mixtures + freezes + amounts + contents + shapes

    /// The roles that are refreshed in every refresh; at version 4 before the attack.
    static let roles: [RoleName] = [.timestamp, .snapshot, .targets]

    static func threshold(_ role: RoleName) -> Int { FakeRepository.thresholds[role, default: 1] }

    static func unsigned(_ role: RoleName, valid: Int = 0) -> TrustError {
        .tooFewSignatures(role, valid: valid, threshold: threshold(role))
    }

    // MARK: - Arbitrary installation

    static let forgeries: [Attack] = roles.flatMap { role in
        [
            Attack("unsigned \(role)", unsigned(role)) { try $0.publish(role, signers: []) },
            Attack("\(role) of a foreign key", unsigned(role)) {
                try $0.publish(role, signers: [key(98), key(99)])
            },
            Attack("\(role) signed by another role's keys", unsigned(role)) {
                try $0.publish(role, signers: [key(1), key(2), key(7)])
            },
            Attack("\(role) changed after it was signed", unsigned(role)) {
                try $0.publishChanged(role) { bytes in
                    let envelope = try FakeRepository.envelope(bytes)
                    return SignedEnvelope(
                        signed: try JSONFields(envelope.signed).members.setting("x", to: 1),
                        signatures: envelope.signatures
                    ).bytes
                }
            },
            Attack("\(role) with one signature under every key's name", unsigned(role)) {
                let signers = $0.signers[role, default: []]
                try $0.publishChanged(role) { bytes in
                    let envelope = try FakeRepository.envelope(bytes)
                    let foreign = try key(99).sign(envelope.payload)
                    return SignedEnvelope(
                        signed: try JSONFields(envelope.signed).members,
                        signatures: signers.map { .init(keyID: $0.keyID.text, bytes: foreign) }
                    ).bytes
                }
            },
        ]
    }

    static let miscounts: [Attack] = [
        Attack("targets with one signature where two are needed", unsigned(.targets, valid: 1)) {
            try $0.publish(.targets, signers: [key(5)])
        },
        Attack("targets with one good and one foreign signature", unsigned(.targets, valid: 1)) {
            try $0.publish(.targets, signers: [key(5), key(99)])
        },
        Attack(
            "targets signed twice under one key id",
            malformed(.targets, "key \"\(keyIDText(5))\" signed twice")
        ) {
            try $0.publishChanged(.targets, signers: [key(5)]) { bytes in
                let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 10_000))
                let fields = try JSONFields(value)
                let one = try fields.array("signatures", maximumCount: 1)[0].value
                return JSONValue.object(fields.members.setting("signatures", to: [one, one]))
                    .compactBytes
            }
        },
        Attack("too many signatures", malformed(.targets, "9 signatures are too many")) {
            try $0.publish(.targets, signers: [key(5), key(6)] + (90..<97).map(key))
        },
    ]

    static func keyIDText(_ number: UInt8) -> String {
        (try? key(number).keyID.text) ?? "no such key"
    }

    // MARK: - Rollback

    static let rollbacks: [Attack] = [
        Attack(
            "an older timestamp", .rollback(.timestamp, offered: 3, trusted: 4),
            needsNoHistory: false
        ) { try $0.publish(.timestamp) { $0.setting("version", to: 3) } },
        Attack(
            "a new timestamp that names an older snapshot",
            .rollback(.snapshot, offered: 3, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.timestamp) { $0.editing("meta", "snapshot.json", "version", to: 3) } },
        Attack(
            "a new snapshot that names older targets",
            .rollback(.targets, offered: 3, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.snapshot) { $0.editing("meta", "targets.json", "version", to: 3) } },
        Attack(
            "a new snapshot that no longer names the targets",
            .rollback(.targets, offered: 0, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.snapshot) { $0.editing("meta", "targets.json", to: nil) } },
    ]

    // MARK: - Mix and match

    static let mixtures: [Attack] = [RoleName.snapshot, .targets].flatMap { role in
        [
            Attack(
                "\(role) of another version than is named",
                .wrongVersion(role, offered: 9, expected: 5)
            ) { try $0.publish(role) { $0.setting("version", to: 9) } },
            Attack(
                "\(role) of another version where only versions are named",
                .wrongVersion(role, offered: 4, expected: 5)
            ) {
                $0.listing = .nothing
                try $0.publish(role) { $0.setting("version", to: 4) }
            },
        ]
            + [FakeRepository.Listing.hash, .length, .lengthAndHash].map { listing in
                Attack("\(role) with other bytes than those of the \(listing)", wrongBytes: role) {
                    $0.listing = listing
                    let space: UInt8 = listing == .hash ? 0x0a : 0x20
                    try $0.publish(role)
                    try $0.files[$0.name(of: role)]?.append(space)
                }
            }
    }

    // MARK: - Freeze

    static let freezes: [Attack] = ([.root] + roles).flatMap { role in
        // The moment of expiry itself is too late, too.
        [999, 1000].map { second in
            Attack("\(role) that ended at \(second)", .expired(role, at: at(second))) {
                try $0.publish(role) { $0.editing("expires", to: .string("\(at(second))")) }
            }
        }
    }

    // MARK: - Endless data, and nothing at all

    static let amounts: [Attack] =
        roles.map { role in
            Attack("\(role) that is not there", .missing(role)) {
                try $0.publish(.targets)
                $0.files[try $0.name(of: role)] = nil
            }
        }
        + [
            (RoleName.root, Limits.tests.rootBytes), (.timestamp, Limits.tests.timestampBytes),
            (.snapshot, Limits.tests.snapshotBytes), (.targets, Limits.tests.targetsBytes),
        ].map { role, limitBytes in
            Attack("\(role) longer than its limit", .tooLong(role, limitBytes: limitBytes)) {
                $0.listing = .nothing
                try $0.publishChanged(role) { bytes in
                    bytes + Array(repeating: 0x20, count: limitBytes + 1 - bytes.count)
                }
            }
        }
}
