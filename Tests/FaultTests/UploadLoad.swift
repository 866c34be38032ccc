import Curl
import Foundation
import Model
import OpenSSL
import Rollouts
import TestSupport
import Trust

/// Whoever uploads images piece by piece, and goes on from where the server says it is.
final class UploadLoad {
    private let client: LoadClient
    private var image: [UInt8] = []
    private var digest = ""
    /// How far the server is; `nil` when nobody knows.
    private var offset: Int?

    init(_ client: LoadClient) { self.client = client }

    private static let version = ("Tus-Resumable", "1.0.0")

    func act() {
        if image.isEmpty { makeImage() }
        guard let offset else { return begin() }
        guard offset < image.count else { return finish() }
        append(from: offset)
    }

    private func makeImage() {
        let count = Int.random(in: 1...400_000, using: &client.random)
        let first = UInt64.random(in: 0...UInt64.max, using: &client.random)
        image = (0..<count).map { UInt8(truncatingIfNeeded: (first &+ UInt64($0)) &* 31 >> 3) }
        digest = OpenSSLHashing().sha256(image).hex
    }

    /// Begins anew, or asks how far it is: to the server that is the same.
    private func begin() {
        let name = Base64.encode(Array(digest.utf8))
        let answer = client.ask(
            .post, "uploads", [],
            [
                Self.version, ("Upload-Length", "\(image.count)"),
                ("Upload-Metadata", "sha256 \(name)"),
            ])
        guard let answer else { return }
        guard answer.status == 201, let reached = answer.header("upload-offset").flatMap(Int.init)
        else { return accuse("begins", answer) }
        note(reached)
    }

    private func append(from start: Int) {
        let end = min(image.count, start + Int.random(in: 1...100_000, using: &client.random))
        let answer = client.ask(
            .patch, "uploads/\(digest)", Array(image[start..<end]),
            [
                Self.version, ("Upload-Offset", "\(start)"),
                ("Content-Type", "application/offset+octet-stream"),
            ])
        offset = nil
        guard let answer else { return }
        // A connection that a killed client left behind may still be there.
        guard answer.status != 409 else { return }
        guard answer.status == 204, answer.header("upload-offset") == "\(end)" else {
            return accuse("goes on", answer)
        }
        note(end)
    }

    /// What was acknowledged is never less again.
    private func note(_ reached: Int) {
        offset = reached
        let count = image.count
        let known = client.ledger.with { facts in
            let known = facts.uploads[digest]?.offset ?? 0
            facts.uploads[digest] = Ledger.UploadFacts(offset: max(known, reached), length: count)
            return known
        }
        if reached < known {
            client.ledger.accuse("upload \(digest) was at \(known), and is at \(reached)")
        }
    }

    private func finish() {
        client.ledger.count("uploads")
        image = []
        offset = nil
    }

    private func accuse(_ what: String, _ answer: HTTPResponse) {
        client.ledger.accuse(
            "upload \(digest) \(what): \(answer.status)"
                + " \(String(decoding: answer.body, as: UTF8.self))")
    }
}
