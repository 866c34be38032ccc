internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

/// Keys, as metadata and as files.
enum KeyTarget {
    static func object(_ bytes: [UInt8]) throws(BrokenPromise) {
        let limits = JSONLimits.standard(bytes: 32_768)
        guard let value = try? JSONValue(parsing: bytes, limits: limits) else { return }
        let keyID = FuzzRepository.hashing.sha256(value.canonicalBytes).hex
        let root = FuzzRepository.signed(
            FuzzRepository.rootDocument(keyID: keyID, key: value), by: keyID)
        let set = try attempt { () throws(TrustError) in
            try TrustedSet(
                root: root, now: FuzzRepository.now, cryptography: FuzzRepository.cryptography,
                limits: FuzzRepository.limits)
        }
        guard let set else { return }
        for key in set.root.root.keys.values { try readsAgain(key) }
    }

    /// The bytes as a PEM text, and as what a PEM text would hold.
    static func publicKey(_ bytes: [UInt8]) throws(BrokenPromise) {
        let checker = OpenSSLSignatureChecker()
        for pem in [bytes, wrapped(bytes, "PUBLIC KEY")] {
            for scheme in SignatureScheme.allCases {
                guard let key = checker.publicKey(pem: pem, scheme: scheme) else { continue }
                try hold(key.scheme == scheme, "a key is of the scheme that was asked for")
                try readsAgain(key)
                _ = checker.isValid(Array(bytes.prefix(512)), by: key, over: bytes)
            }
        }
    }

    private static func readsAgain(_ key: PublicKey) throws(BrokenPromise) {
        switch key {
        case .ed25519(let key): try hold(key.bytes.count == 32, "an Ed25519 key has 32 bytes")
        case .ecdsaP256(let info), .rsaPSS(let info):
            let again = OpenSSLSignatureChecker().publicKey(
                pem: Array(info.pem.utf8), scheme: key.scheme)
            try hold(again == key, "a key that is written reads as the same key")
        }
    }

    static func privateKey(_ bytes: [UInt8]) throws(BrokenPromise) {
        let passphrase = Array("correct horse".utf8)
        let wrapped = wrapped(bytes, "PRIVATE KEY")
        // What is wrapped is never encrypted: nobody could wait for the iterations it may ask for.
        for (pem, passphrase) in [(bytes, nil), (bytes, passphrase), (wrapped, nil)] {
            let key = try attempt { () throws(PEMError) in
                try PEMPrivateKey.read(pem, passphrase: passphrase)
            }
            guard let key else { continue }
            // The public half may be anybody's, so the signature need not be good.
            let signature = try attempt { try key.sign(bytes) }
            _ = OpenSSLSignatureChecker().isValid(signature ?? [], by: key.publicKey, over: bytes)
        }
    }

    private static func wrapped(_ der: [UInt8], _ label: String) -> [UInt8] {
        var lines = ["-----BEGIN \(label)-----"]
        var rest = Base64.encode(der)[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        lines.append("-----END \(label)-----")
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
