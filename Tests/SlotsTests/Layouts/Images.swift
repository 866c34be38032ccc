import Agent
import Foundation
import Model
import OpenSSL
import Testing
import Trust

func sha256(_ bytes: [UInt8]) -> Digest { OpenSSLHashing().sha256(bytes) }

/// Bytes that look like an image and are not all alike.
func image(_ count: Int, seed: Int = 7) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* seed &+ $0 >> 9) }
}

extension SlotSet {
    /// Puts the whole image into `slot`, in pieces, as the agent does.
    ///
    /// - Returns: What the slot says it holds.
    @discardableResult
    func install(
        _ image: [UInt8], _ payload: Payload, in slot: SlotName, pieces size: Int = 1000
    ) throws -> Payload {
        try setContent(nil, of: slot)
        defer { end() }
        let began = try begin(slot, payload, length: Int64(image.count), at: 0) { _ in }
        #expect(began == 0)
        for start in stride(from: 0, to: image.count, by: size) {
            try write(Array(image[start...].prefix(size)))
        }
        try sync()
        var described: [UInt8] = []
        try finish { described += $0 }
        return payload.format.hasSignedContent
            ? payload : Payload(payload.format, of: described)
    }

    /// What the medium holds, or what it says of itself.
    func held(in slot: SlotName, _ payload: Payload) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(slot, length: payload.installedLength) { bytes += $0 }
        return bytes
    }

    func holds(_ payload: Payload, in slot: SlotName) throws -> Bool {
        try sha256(held(in: slot, payload)) == payload.installedSHA256
    }
}

extension Payload {
    init(_ format: Format, of installed: [UInt8]) {
        self.init(
            format: format, installedLength: Int64(installed.count),
            installedSHA256: sha256(installed))
    }
}
