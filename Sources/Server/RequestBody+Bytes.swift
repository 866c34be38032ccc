internal import Hummingbird

extension Request {
    /// The whole body, if it is at most `limitBytes` long.
    func bytes(limitBytes: Int) async throws -> [UInt8] {
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limitBytes {
            throw TooLong(limitBytes: limitBytes)
        }
        var bytes: [UInt8] = []
        for try await buffer in body {
            guard buffer.readableBytes <= limitBytes - bytes.count else {
                throw TooLong(limitBytes: limitBytes)
            }
            bytes += buffer.readableBytesView
        }
        return bytes
    }
}

/// A body that is longer than its route takes.
struct TooLong: Error {
    let limitBytes: Int
}
