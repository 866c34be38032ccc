import Foundation
import TestSupport
import Testing

/// The client asks for bytes as they are, so nothing is unpacked for anybody.
@Suite struct CompressionTests {
    @Test(arguments: Position.allCases, Compression.allCases)
    func isRefusedEvenOfHonestFiles(position: Position, compression: Compression) throws {
        try Attack(at: position).expectRefusal { honest in
            .ok(compression.packing(honest), "Content-Encoding: \(compression.name)\r\n")
        }
    }

    @Test(arguments: Position.allCases, Compression.allCases)
    func isNoBomb(position: Position, compression: Compression) throws {
        let bomb = compression.bomb(packedByteCount: 400_000)
        try Attack(at: position, listing: .nothing).expectRefusal { _ in
            .ok(bomb, "Content-Encoding: \(compression.name)\r\n")
        }
    }

    @Test(arguments: Position.allCases, ["gzip", "deflate", "gzip, chunked", "chunked, gzip"])
    func isNoBombOfTheTransferEither(position: Position, coding: String) throws {
        let compression = coding.contains("gzip") ? Compression.gzip : .deflate
        let bomb = compression.bomb(packedByteCount: 400_000)
        let size = String(bomb.count, radix: 16)
        let body =
            coding.contains("chunked")
            ? Array("\(size)\r\n".utf8) + bomb + Array("\r\n0\r\n\r\n".utf8) : bomb
        try Attack(at: position, listing: .nothing).expectRefusal { _ in
            .bytesThenCut(
                Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n".utf8) + body)
        }
    }

    @Test(arguments: ["br", "zstd", "compress", "gzip, gzip, gzip, gzip, gzip, gzip", "\u{9b}31m"])
    func ofNoOtherKindIsUnpacked(coding: String) throws {
        try Attack(at: .timestamp).expectRefusal { _ in
            .ok(
                Compression.gzip.bomb(packedByteCount: 1000), "Content-Encoding: \(coding)\r\n")
        }
    }

    @Test func isNotAskedFor() throws {
        let home = try Home(trusting: .version(1))
        let repository = try Repository.version(1)
        let files = try repository.files()
        let server = try LoopbackServer { request in
            request.header("accept-encoding") == "identity"
                ? .file(request.target, of: files) : .status("500 Not Asked For")
        }
        try home.download("own.img", from: server.url).expectSuccess()
    }

    /// So that the tests above attack with what others would unpack.
    @Test func testsItsOwnPacking() throws {
        let packed = Compression.gzip.packing(Array("Hello".utf8))
        #expect(try unpack(packed) == "Hello")
        let bomb = Compression.gzip.bomb(packedByteCount: 1300)
        #expect(try unpack(bomb).utf8.count > 150_000)
    }

    /// Unpacks as far as it goes: a bomb has no end.
    private func unpack(_ bytes: [UInt8]) throws -> String {
        let process = ChildProcess()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try input.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
