import Foundation
internal import Curl
internal import Model

/// Sends one image to a server, by the tus protocol: what the server has said that it has is not
/// sent again, neither after a cut nor by a command that is started once more.
struct ImageSender {
    let client: ManagementClient
    let path: String
    let digest: Digest
    /// In bytes.
    let length: Int64

    /// How often in a row nothing gets through before it is given up.
    private static let maximumFailureCount = 8
    private static let longestPauseSeconds = 10.0

    /// Sends what is missing; the server has compared the digest when it returns.
    func send() throws {
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        guard var offset = try begin() else {
            // A server of an earlier version.
            return try client.upload(digest, length: length) { Self.read(handle, $0) }
        }
        if offset > 0, offset < length {
            say("going on at \(offset) of \(length) bytes\n")
        }
        var failureCount = 0
        while offset < length {
            switch try sendRest(of: handle, from: offset) {
            case .now(let reached):
                failureCount = reached > offset ? 0 : failureCount + 1
                offset = reached
            case .failed(let error):
                failureCount += 1
                guard failureCount < Self.maximumFailureCount else { throw error }
                pause(after: failureCount)
                guard let reached = try? standing() else { continue }
                if reached > offset { failureCount = 0 }
                offset = reached
            }
        }
    }

    private enum Outcome {
        /// The server has so many bytes.
        case now(Int64)
        /// Trying again may help.
        case failed(SlipwayError)
    }

    private static let version = ("Tus-Resumable", "1.0.0")

    /// How far the server is; `nil` when it does not know the protocol.
    private func begin() throws(SlipwayError) -> Int64? {
        let name = Base64.encode(Array(digest.hex.utf8))
        let answer = try client.exchange(
            .post, "/api/v1/uploads", body: [],
            [
                Self.version, ("Upload-Length", "\(length)"),
                ("Upload-Metadata", "sha256 \(name)"),
            ])
        guard answer.status != 404 else { return nil }
        try client.check(answer)
        return Self.offset(answer) ?? 0
    }

    private func standing() throws(SlipwayError) -> Int64 {
        let answer = try client.exchange(
            .head, "/api/v1/uploads/\(digest.hex)", body: [], [Self.version])
        // One that is gone begins anew.
        if answer.status == 404 { return try begin() ?? 0 }
        try client.check(answer)
        return Self.offset(answer) ?? 0
    }

    private func sendRest(
        of handle: FileHandle, from offset: Int64
    ) throws(SlipwayError) -> Outcome {
        do { try handle.seek(toOffset: UInt64(offset)) } catch { throw .missing(path: path) }
        var meter = ProgressMeter(done: offset, total: length)
        defer { meter.end() }
        do throws(SlipwayError) {
            let answer = try client.upload(
                "/api/v1/uploads/\(digest.hex)", .patch, length: length - offset,
                [
                    Self.version, ("Upload-Offset", "\(offset)"),
                    ("Content-Type", "application/offset+octet-stream"),
                ]
            ) { maximum in
                let bytes = Self.read(handle, maximum)
                meter.add(bytes.count)
                return bytes
            }
            if [404, 409, 429].contains(answer.status) || answer.status >= 500 {
                return .failed(client.error(answer))
            }
            try client.check(answer)
            return .now(Self.offset(answer) ?? offset)
        } catch {
            guard case .unreachable = error else { throw error }
            return .failed(error)
        }
    }

    private static func offset(_ answer: HTTPResponse) -> Int64? {
        answer.header("upload-offset").flatMap { Int64($0) }
    }

    private static func read(_ handle: FileHandle, _ maximum: Int) -> [UInt8] {
        ((try? handle.read(upToCount: maximum)) ?? nil).map { Array($0) } ?? []
    }

    private func pause(after failureCount: Int) {
        let seconds = 0.1 * Double(1 << failureCount)
        Thread.sleep(forTimeInterval: min(seconds, Self.longestPauseSeconds))
    }

    private func say(_ text: String) {
        FileHandle.standardError.write(Data("slipway: \(text)".utf8))
    }
}

/// Shows on a terminal how far an upload is.
private struct ProgressMeter {
    private var done: Int64
    private let total: Int64
    private var shown: Int64 = -1
    private let isShown = isatty(FileHandle.standardError.fileDescriptor) == 1

    init(done: Int64, total: Int64) {
        self.done = done
        self.total = total
    }

    mutating func add(_ count: Int) {
        done += Int64(count)
        let percent = total > 0 ? done * 100 / total : 100
        guard isShown, percent != shown else { return }
        shown = percent
        FileHandle.standardError.write(
            Data("\rslipway: \(percent) % of \(total) bytes sent".utf8))
    }

    func end() {
        if isShown, shown >= 0 { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}
