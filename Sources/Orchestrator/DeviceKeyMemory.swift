internal import Model
internal import Synchronization

/// The keys by which devices have signed lately, so that most check-ins need no question to the
/// store before their signature is checked.
///
/// It may be wrong: a key that does not fit is looked up, and the transaction of the check-in
/// compares the key that did with the one in the store.
final class DeviceKeyMemory: Sendable {
    /// A key in the place where it lies: a million of them take less than 100 MB.
    private struct Key {
        var words: (UInt64, UInt64, UInt64, UInt64)
    }

    /// By a number that few devices share; who does, takes the place of the other.
    private let keys = Mutex<[UInt64: Key]>([:])
    private static let mostKeys = 1 << 20

    func key(of device: DeviceID) -> Ed25519PublicKey? {
        let found = keys.withLock { $0[Self.number(of: device)] }
        guard let words = found?.words else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return Ed25519PublicKey(bytes: bytes)
    }

    func keep(_ key: Ed25519PublicKey, of device: DeviceID) {
        let bytes = key.bytes
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
        let kept = Key(words: (word(0), word(8), word(16), word(24)))
        keys.withLock { keys in
            if keys.count >= Self.mostKeys { keys.removeAll(keepingCapacity: true) }
            keys[Self.number(of: device)] = kept
        }
    }

    /// Nobody outside this process can tell which devices share one.
    private static func number(of device: DeviceID) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(device)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
