import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust

/// A server whose disk is full says so, keeps what it acknowledged, and goes on when there is room.
@Suite struct FullDiskTests {
    @Test func refusesCheckInsUntilThereIsRoom() throws {
        try withSmallDisk(at: "data", size: "1m") { folder in
            let server = try ServerProcess(folder: folder)
            let key = try Ed25519PrivateKey.generate()
            let path = "/device/v1/check-in"
            let first = try server.checkIn(key: key)
            #expect(try server.send(.post, path, first).status == 200)
            let filler = folder.appending(path: "data/filler")
            fill(filler)

            // What is written ahead may have room for a few more; then it ends.
            var sequence: Int64 = 1
            var status = 200
            while status == 200, sequence < 500 {
                sequence += 1
                status = try server.send(
                    .post, path, server.checkIn(sequence: sequence, key: key)
                ).status
            }
            #expect(status == 507)
            #expect(try server.send(.post, path, first).status != 200)

            try FileManager.default.removeItem(at: filler)
            let refused = try server.checkIn(sequence: sequence, key: key)
            #expect(try server.send(.post, path, refused).status == 200)
            #expect(try server.send(.post, path, first).status == 409)
        }
    }

    @Test func refusesAnUploadThatDoesNotFit() throws {
        try withSmallDisk(at: "acme/repository/staging", size: "1m") { folder in
            let server = try ServerProcess(folder: folder)
            let image = [UInt8](repeating: 7, count: 3_000_000)
            let digest = OpenSSLHashing().sha256(image).hex

            #expect(try server.asOperator(.put, "images/\(digest)", image).status == 507)
            #expect(try server.asOperator(.head, "images/\(digest)").status == 404)
            let small = OpenSSLHashing().sha256([1]).hex
            #expect(try server.asOperator(.put, "images/\(small)", [1]).status == 201)
        }
    }

    @Test func anUploadThatNoLongerFitsGoesOnWhenThereIsRoom() throws {
        try withSmallDisk(at: "acme/repository/staging", size: "1m") { folder in
            let server = try ServerProcess(folder: folder)
            let image = [UInt8](repeating: 7, count: 900_000)
            #expect(try server.begin(image).status == 201)
            #expect(try server.patch(image, 0..<300_000).status == 204)
            let filler = folder.appending(path: "acme/repository/staging/filler")
            fill(filler)

            let full = try server.patch(image, 300_000..<900_000)
            #expect(full.status == 507)
            #expect(full.header("retry-after") == "60")
            let reached = try server.offset(of: image)
            #expect((300_000..<900_000).contains(reached))

            try FileManager.default.removeItem(at: filler)
            #expect(try server.offset(of: image) == reached)
            #expect(try server.patch(image, reached..<900_000).status == 204)
            let path = "images/\(server.digest(image))"
            #expect(try server.asOperator(.head, path).status == 200)
        }
    }

    private func fill(_ file: URL) {
        var size = 1 << 20
        var data = Data()
        // Ever smaller pieces, until not one byte fits.
        while size > 0 {
            do {
                try (data + Data(count: size)).write(to: file)
                data += Data(count: size)
            } catch { size /= 2 }
        }
    }

    /// Runs `body` with a prepared folder in which `place` is a small file system of its own.
    ///
    /// Only root may mount one; where that is refused, a known issue says what was not tried.
    private func withSmallDisk(
        at place: String, size: String, _ body: (URL) throws -> Void
    ) throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let disk = folder.appending(path: place)
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
        let mount = ["mount", "-t", "tmpfs", "-o", "size=\(size)", "slipway", disk.path]
        guard try Self.run(mount) == 0 else {
            return withKnownIssue("a full disk is not tried here") {
                Issue.record("no small disk can be mounted")
            }
        }
        defer { _ = try? Self.run(["umount", "-l", disk.path]) }
        try body(folder)
    }

    private static func run(_ arguments: [String]) throws -> Int32 {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
