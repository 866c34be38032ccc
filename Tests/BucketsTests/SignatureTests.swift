import Foundation
import Model
import OpenSSL
import TestSupport
import Testing

@testable import Buckets

/// Links that are signed by AWS's Signature Version 4.
@Suite struct SignatureTests {
    /// RFC 4231 section 4, cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            Array(repeating: UInt8(0x0b), count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            Array(repeating: UInt8(0xaa), count: 20), Array(repeating: UInt8(0xdd), count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            Array(repeating: UInt8(0xaa), count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func hmacIsThatOfTheRFC(key: [UInt8], message: [UInt8], expected: String) throws {
        let found = try MessageAuthentication.hmacSHA256(message, key: key)
        #expect(Hex.encode(found) == expected)
    }

    /// "Authenticating Requests: Using Query Parameters" in the Amazon S3 API Reference.
    @Test func aLinkIsThatOfTheDocumentation() throws {
        let signature = SignatureV4(
            credentials: must(
                BucketCredentials(
                    keyID: "AKIAIOSFODNN7EXAMPLE",
                    secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            region: "us-east-1", service: "s3")
        let link = try signature.presignedURL(
            method: "GET", scheme: "https", host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt", now: must(Instant("2013-05-24T00:00:00Z")), lifetimeSeconds: 86_400)
        #expect(
            link == "https://examplebucket.s3.amazonaws.com/test.txt"
                + "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature="
                + "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    /// With a session token and a port, which the documentation's example does not have.
    @Test(arguments: [nil, "a/token+with=characters"])
    func aLinkIsThatOfBotocore(token: String?) throws {
        let program = """
            import sys
            from botocore.auth import S3SigV4QueryAuth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            token = sys.argv[1] or None
            request = AWSRequest(method="GET", url="http://127.0.0.1:9000/firmware/a/sha256/00ff")
            S3SigV4QueryAuth(
                Credentials("AKID", "se/cr+et", token), "s3", "eu-central-1", expires=900
            ).add_auth(request)
            print(request.url)
            """
        let process = ChildProcess()
        let output = Pipe()
        process.executableURL = BucketServer.python
        process.arguments = BucketServer.pythonArguments + ["-c", program, token ?? ""]
        process.standardOutput = output
        try process.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let theirs = try #require(URLComponents(string: said.trimmingCharacters(in: .newlines)))
        let items = theirs.queryItems ?? []
        let date = try #require(items.first { $0.name == "X-Amz-Date" }?.value)
        var text = date
        for (place, mark) in [(4, "-"), (7, "-"), (13, ":"), (16, ":")] {
            text.insert(
                contentsOf: mark, at: text.index(text.startIndex, offsetBy: place))
        }
        let ours = try SignatureV4(
            credentials: must(
                BucketCredentials(keyID: "AKID", secret: "se/cr+et", sessionToken: token)),
            region: "eu-central-1", service: "s3"
        ).presignedURL(
            method: "GET", scheme: "http", host: "127.0.0.1:9000", path: "/firmware/a/sha256/00ff",
            now: must(Instant(text)), lifetimeSeconds: 900)
        let own = try #require(URLComponents(string: ours))
        #expect(Set(own.queryItems ?? []) == Set(items))
        #expect(own.path == theirs.path)
    }

    @Test func aKeyIsReadFromAWSsOwnFile() {
        let text = """
            # of the lab
            [other]
            aws_access_key_id = WRONG
            aws_secret_access_key = WRONG
            [default]
            aws_access_key_id=AKID
              aws_secret_access_key = se/cr+et=
            region = x
            """
        let key = BucketCredentials(fileText: text)
        #expect(key?.keyID == "AKID")
        #expect(key?.secret == "se/cr+et=")
        #expect(key?.sessionToken == nil)
        #expect("\(String(describing: key)) \(String(reflecting: key))".contains("cr+et") == false)
        #expect(BucketCredentials(fileText: "[default]\naws_access_key_id = a") == nil)
        #expect(BucketCredentials(fileText: "") == nil)
        #expect(BucketCredentials(keyID: "a\r\nX: y", secret: "b") == nil)
    }

    @Test(
        arguments: [
            ("s3://ab", nil), ("s3://", nil), ("s3:///x", nil), ("https://firmware", nil),
            ("s3://firmware/a b", nil), ("s3://firmware/../x", nil), ("s3://firmware?x", nil),
            ("s3://firmware", "ftp://x"), ("s3://firmware", "https://"),
            ("s3://firmware", "https://host/path"), ("s3://firmware", "https://user@host"),
        ] as [(String, String?)])
    func refusesWhatIsNoBucket(location: String, endpoint: String?) {
        #expect(BucketAddress(location: location, endpoint: endpoint, region: "r") == nil)
    }

    @Test func anAddressIsAPathBelowTheEndpoint() {
        let address = BucketAddress(
            location: "s3://firmware/a//b/", endpoint: "https://s3.example:443/", region: "r")
        let digest = must(Digest(bytes: Array(repeating: 7, count: 32)))
        #expect(address?.host == "s3.example")
        #expect(address?.path(of: digest) == "/firmware/a/b/sha256/\(digest)")
        let plain = BucketAddress(location: "s3://firmware", endpoint: nil, region: "eu-west-1")
        #expect(plain?.host == "s3.eu-west-1.amazonaws.com")
        #expect(plain?.key(of: digest) == "sha256/\(digest)")
    }
}
