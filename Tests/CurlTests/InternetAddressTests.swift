import Testing
import TestSupport

@testable import Curl

/// Which addresses are of the public internet.
@Suite struct InternetAddressTests {
    static let publicOnes: [[UInt8]] = [
        [1, 1, 1, 1], [8, 8, 8, 8], [9, 255, 255, 255], [11, 0, 0, 0], [100, 63, 255, 255],
        [100, 128, 0, 0], [126, 0, 0, 1], [128, 0, 0, 1], [169, 253, 0, 1], [172, 15, 0, 1],
        [172, 32, 0, 1], [192, 167, 0, 1], [192, 169, 0, 1], [198, 17, 0, 1], [198, 20, 0, 1],
        [223, 255, 255, 255], six([0x20, 0x01, 0x48, 0x60]), six([0x2a, 0x00]),
        six([0x20, 0x01, 0x02, 0x00]),
    ]

    static let privateOnes: [[UInt8]] = [
        [0, 0, 0, 0], [10, 0, 0, 1], [10, 255, 255, 255], [100, 64, 0, 1], [100, 127, 255, 255],
        [127, 0, 0, 1], [127, 255, 255, 255], [169, 254, 169, 254], [172, 16, 0, 1],
        [172, 31, 255, 255], [192, 168, 0, 1], [192, 0, 0, 8], [192, 0, 2, 1], [198, 18, 0, 1],
        [198, 19, 255, 255], [198, 51, 100, 1], [203, 0, 113, 1], [224, 0, 0, 1],
        [240, 0, 0, 1], [255, 255, 255, 255], six([]), six([], last: 1),
        six([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8]), six([0xfe, 0x80]),
        six([0xfc, 0]), six([0xfd, 0]), six([0xff, 2]), six([0x20, 0x02, 127, 0, 0, 1]),
        six([0x20, 0x01, 0, 0]), six([0x20, 0x01, 0x0d, 0xb8]), six([0x00, 0x64, 0xff, 0x9b]),
        six([0x3f, 0xff]), [], [1], Array(repeating: 0x20, count: 15),
    ]

    private static func six(_ first: [UInt8], last: UInt8 = 0) -> [UInt8] {
        var bytes = first + Array(repeating: 0, count: 16 - first.count)
        if last > 0 { bytes[15] = last }
        return bytes
    }

    @Test(arguments: publicOnes)
    func isPublic(bytes: [UInt8]) { #expect(InternetAddress(bytes).isPublic) }

    @Test(arguments: privateOnes)
    func isNotPublic(bytes: [UInt8]) { #expect(!InternetAddress(bytes).isPublic) }

    @Test(arguments: ["127.0.0.1", "localhost", "0.0.0.0", "2130706433", "0x7f.1"])
    func noConnectionGoesThere(host: String) throws {
        let server = try LoopbackServer { _ in .ok([]) }
        let request = HTTPRequest(method: .get, url: "http://\(host):\(server.port)/")
        var options = HTTPOptions.standard
        options.proxy = .none
        options.refusesPrivateAddresses = true
        #expect(throws: HTTPError.self) {
            try HTTPClient(options: options).send(request, bodyLimitBytes: 100)
        }
        #expect(server.connectionCount == 0)
        options.refusesPrivateAddresses = false
        #expect(try HTTPClient(options: options).send(request, bodyLimitBytes: 100).status == 200)
    }
}
