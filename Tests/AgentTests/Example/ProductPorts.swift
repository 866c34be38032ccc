import Agent
import Model
import OpenSSL
import Slots

/// A new image is good when the product says that it does its work.
struct ProductHealth: HealthCheck {
    let isWell: () -> Bool

    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        isWell() ? .healthy : .unhealthy("the product does not do its work")
    }
}

/// No restart while the product is at work, as long as the rollout lets it wait.
struct ProductConsent: Consent {
    let isBusy: () -> Bool

    func ask(for release: ReleaseID) -> ConsentVerdict {
        isBusy() ? .notNow("the product is at work") : .yes
    }
}

/// What happens, as lines for the product's log.
struct ProductObserver: AgentObserver {
    let say: (String) -> Void

    func observe(_ event: AgentNotice) {
        switch event {
        case .phase(let word): say("the update is \(word)")
        case .waiting(let reason): say("the update waits: \(reason)")
        case .untrusted(let reason): say("refused: \(reason)")
        case .checkInFailed(let reason), .slow(let reason), .trouble(let reason):
            say("trouble: \(reason)")
        case .resumed(let offset): say("the download goes on at byte \(offset)")
        }
    }
}

/// The device's key in a file that only its owner may read; made at the first start.
struct ProductIdentity: DeviceIdentity {
    private let key: Ed25519PrivateKey

    init(keptAt path: String) throws {
        if let pem = try DurableFile.read(path) {
            key = try Ed25519PrivateKey(pem: pem, passphrase: nil)
        } else {
            key = try Ed25519PrivateKey.generate()
            try DurableFile.replace(path, with: key.pem(passphrase: nil))
        }
    }

    var publicKey: Ed25519PublicKey { key.ed25519PublicKey }

    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return try key.sign(message) } catch { throw IdentityError("\(error)") }
    }
}
