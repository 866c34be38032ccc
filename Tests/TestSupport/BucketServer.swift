public import Foundation

/// A service like S3 on 127.0.0.1, with one bucket, that checks every signature.
///
/// moto keeps the objects. In front of it stands a door that computes each signature anew with
/// botocore, the signer of AWS's own tools, and compares the digest of each body.
public final class BucketServer {
    public let url: String
    public static let bucket = "firmware"
    public static let region = "eu-central-1"
    public static let keyID = "AKIDSLIPWAY"
    public static let secret = "not/so+secret"
    private let process: ChildProcess
    private let input = Pipe()

    public struct DidNotStart: Error {
        public let why: String
    }

    /// The Python that has moto.
    public static var python: URL {
        let named = ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"]
        return URL(filePath: named ?? "/usr/bin/env")
    }

    public static var pythonArguments: [String] {
        python.lastPathComponent == "env" ? ["python3"] : []
    }

    public init() throws {
        setenv("no_proxy", "*", 1)
        process = ChildProcess()
        process.executableURL = Self.python
        process.arguments = Self.pythonArguments + ["-c", Self.program]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var said = ""
        while !said.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw DidNotStart(why: "python with moto[server]: \(said)") }
            said += String(decoding: data, as: UTF8.self)
        }
        url = said.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Ends the service at once, as if its machine were gone.
    public func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static let program = """
        import hashlib, http.client, http.server, os, sys, threading
        from urllib.parse import urlsplit, parse_qsl
        from moto.server import ThreadedMotoServer
        import boto3
        from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        KEY, SECRET, REGION = "\(keyID)", "\(secret)", "\(region)"
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        host, port = moto.get_host_and_port()
        boto3.client(
            "s3", region_name=REGION, endpoint_url=f"http://{host}:{port}",
            aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        ).create_bucket(
            Bucket="\(bucket)", CreateBucketConfiguration={"LocationConstraint": REGION})

        def expected(method, url, headers, signed, time, kind):
            auth = kind(Credentials(KEY, SECRET), "s3", REGION)
            request = AWSRequest(method=method, url=url)
            for name in signed:
                request.headers[name] = headers[name]
            request.context["timestamp"] = time
            text = auth.string_to_sign(request, auth.canonical_request(request))
            return auth.signature(text, request)

        class Door(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            failures = 0

            def log_message(self, *words): pass

            def refuse(self, status, code):
                body = f"<Error><Code>{code}</Code></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def problem(self, body):
                parts = urlsplit(self.path)
                url = f"http://{self.headers['host']}{self.path}"
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                if "X-Amz-Signature" in query:
                    rest, _, theirs = self.path.partition("&X-Amz-Signature=")
                    ours = expected(
                        self.command, f"http://{self.headers['host']}{rest}", self.headers,
                        ["host"], query["X-Amz-Date"], S3SigV4QueryAuth)
                    return None if ours == theirs else "SignatureDoesNotMatch"
                words = dict(
                    word.strip(" ,").split("=", 1)
                    for word in self.headers.get("authorization", "").split(" ")[1:])
                if not words:
                    return "AccessDenied"
                if not words["Credential"].startswith(KEY + "/"):
                    return "InvalidAccessKeyId"
                ours = expected(
                    self.command, url, self.headers, words["SignedHeaders"].split(";"),
                    self.headers["x-amz-date"], S3SigV4Auth)
                if ours != words["Signature"]:
                    return "SignatureDoesNotMatch"
                if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
                    return "XAmzContentSHA256Mismatch"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.path.startswith("/fail-next/"):
                    Door.failures = int(self.path.split("/")[2])
                    return self.refuse(200, "none")
                code = self.problem(body)
                if code:
                    return self.refuse(403, code)
                if Door.failures > 0:
                    Door.failures -= 1
                    return self.refuse(503, "SlowDown")
                inner = http.client.HTTPConnection(host, port)
                headers = {
                    name: value for name, value in self.headers.items()
                    if name.lower() not in ("host", "connection", "expect")}
                headers["Host"] = f"{host}:{port}"
                inner.request(self.command, self.path, body, headers)
                reply = inner.getresponse()
                data = reply.read()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in (
                            "connection", "transfer-encoding", "server", "date",
                            "content-length"):
                        self.send_header(name, value)
                length = len(data)
                if self.command == "HEAD":
                    length = reply.headers.get("content-length", "0")
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=door.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{door.server_address[1]}", flush=True)
        sys.stdin.read()
        os._exit(0)
        """
}
