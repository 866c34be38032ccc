import Foundation
import Glibc
import Model
import OpenSSL
import Signers
import Testing
import Trust

@Suite struct CommandSignerTests {
    private static let keyIDText = String(repeating: "0a", count: 32)

    /// Signs with the key in the file that is its first argument.
    private static let signingScript = """
        set -e
        request=$(cat)
        folder=$(mktemp -d)
        trap 'rm -r "$folder"' EXIT
        printf %s "$request" | sed 's/.*"payload":"\\([^"]*\\)".*/\\1/' \\
            | base64 -d >"$folder/payload"
        openssl pkeyutl -sign -rawin -inkey "$1" -in "$folder/payload" -out "$folder/sig" $2
        printf '{"sig": "%s"}\\n' "$(od -An -v -tx1 "$folder/sig" | tr -d ' \\n')"
        """

    private func signer(
        _ script: String, arguments: [String] = [], key: PublicKey? = nil,
        timeout: Duration = .seconds(60)
    ) throws -> CommandSigner {
        CommandSigner(
            command: ["/bin/sh", "-c", script, "sh"] + arguments,
            publicKey: try key ?? Ed25519PrivateKey(seed: Array(repeating: 7, count: 32)).publicKey,
            keyID: try #require(KeyID(Self.keyIDText)), timeout: timeout)
    }

    private func expect(
        _ error: CommandSignerError, from script: String, timeout: Duration = .seconds(60),
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let signer = try signer(script, timeout: timeout)
        #expect(throws: error, sourceLocation: location) { try signer.sign(message) }
    }

    // MARK: - Good programs

    @Test(
        arguments: [
            (SignatureScheme.ed25519, ["-algorithm", "ED25519"], ""),
            (.ecdsaP256, ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ""),
            (
                .rsaPSS, ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                "-digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32"
            ),
        ])
    func signsByOpenSSL(scheme: SignatureScheme, generation: [String], options: String) throws {
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/key"
        try run("openssl", ["genpkey", "-out", file] + generation)
        let pem = try run("openssl", ["pkey", "-in", file, "-pubout"])
        let key = try #require(OpenSSLSignatureChecker().publicKey(pem: pem, scheme: scheme))
        let script = Self.signingScript.replacing("$2", with: options)
        let signer = try signer(script, arguments: [file], key: key)
        let signature = try signer.sign(message)
        #expect(isValid(signature, by: key, over: message))
        #expect(!isValid(signature, by: key, over: message + [0]))
    }

    @Test func tellsTheKeyTheSchemeAndThePayload() throws {
        let folder = try TemporaryFolder()
        let script = #"cat >"$1"; printf '{"sig":"00ff"}'"#
        let signer = try signer(script, arguments: ["\(folder.path)/request"])
        #expect(try signer.sign([0, 1, 254, 255]) == [0, 255])
        #expect(
            try String(contentsOfFile: "\(folder.path)/request", encoding: .utf8)
                == #"{"keyid":"\#(Self.keyIDText)","payload":"AAH+/w==","scheme":"ed25519"}"#)
    }

    @Test func handsOverFiveMegabytes() throws {
        let script = #"printf '{"sig":"%08x"}' $(wc -c)"#
        let payload = [UInt8](repeating: 0x5a, count: 5_000_000)
        let frame = #"{"keyid":"","payload":"","scheme":"ed25519"}"#.utf8.count + 64
        let count = UInt32(frame + (payload.count + 2) / 3 * 4)
        let signature = try signer(script).sign(payload)
        #expect(signature == withUnsafeBytes(of: count.bigEndian) { Array($0) })
    }

    /// It writes a pipe full of spaces before it reads a pipe full of request.
    @Test func waitsForNeitherSideInTurn() throws {
        let script =
            #"printf '{"sig":"01"'; head -c 65000 /dev/zero | tr '\0' ' '; cat >&2; printf '}'"#
        let silenced = try signer("{ \(script); } 2>/dev/null")
        #expect(try silenced.sign([UInt8](repeating: 1, count: 300_000)) == [1])
    }

    /// The write that nobody reads fails with `EPIPE`; the signal would end this process.
    @Test func mayAnswerWithoutReadingTheRequest() throws {
        let payload = [UInt8](repeating: 0x5a, count: 5_000_000)
        #expect(try signer(#"exec <&-; printf '{"sig":"01"}'"#).sign(payload) == [1])
        #expect(try signer(#"printf '{"sig":"01"}'"#).sign(payload) == [1])
    }

    @Test func leavesTheHandlingOfSignalsAsItWas() throws {
        _ = try? signer("exec <&-; exit 1").sign([UInt8](repeating: 0, count: 500_000))
        var blocked = sigset_t()
        var pending = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &blocked)
        sigpending(&pending)
        #expect(sigismember(&blocked, SIGPIPE) == 0)
        #expect(sigismember(&pending, SIGPIPE) == 0)
    }

    /// A shell would clear the mask by itself.
    @Test func startsTheProgramWithNoSignalBlocked() throws {
        let signer = CommandSigner(
            command: ["sed", "-n", #"s/^SigBlk:.\(.*\)$/{"sig":"\1"}/p"#, "/proc/self/status"],
            publicKey: try Ed25519PrivateKey.generate().publicKey,
            keyID: try #require(KeyID(Self.keyIDText)), timeout: .seconds(60))
        var some = sigset_t()
        var before = sigset_t()
        sigemptyset(&some)
        sigaddset(&some, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &some, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #expect(try signer.sign(message) == [0, 0, 0, 0, 0, 0, 0, 0])
    }

    // MARK: - Bad programs

    @Test func tellsHowItEnded() throws {
        try expect(.exited("/bin/sh", code: 1), from: "exit 1")
        try expect(.exited("/bin/sh", code: 3), from: #"printf '{"sig":"01"}'; exit 3"#)
        try expect(.killed("/bin/sh", signal: 9), from: "kill -9 $$")
    }

    @Test func tellsThatItIsMissing() throws {
        let key = try Ed25519PrivateKey.generate().publicKey
        let keyID = try #require(KeyID(Self.keyIDText))
        let signer = CommandSigner(
            command: ["/nowhere/sign"], publicKey: key, keyID: keyID, timeout: .seconds(60))
        #expect(
            throws: CommandSignerError.notStarted(
                "/nowhere/sign", reason: "No such file or directory")
        ) { try signer.sign(message) }
    }

    @Test(arguments: [
        "", "signature", "[]", #"{"sig":1}"#, #"{"sig":""}"#, #"{"sig":"0"}"#, #"{"sig":"AB"}"#,
        #"{"sig":"01"} {}"#, #"{"sig":"01","sig":"02"}"#, #"{"signature":"01"}"#, #"{}"#,
        #"{"sig":"01","keyid":"02"}"#, #"{"sig":"\#(String(repeating: "00", count: 1025))"}"#,
    ])
    func refusesJunk(answer: String) throws {
        let signer = try signer(#"cat >/dev/null; printf %s "$1""#, arguments: [answer])
        let error = #expect(throws: CommandSignerError.self) { try signer.sign(message) }
        guard case .badAnswer("/bin/sh", _) = error else {
            Issue.record("\(answer) gives \(String(describing: error))")
            return
        }
    }

    @Test func readsNoFurtherThanItsLimit() throws {
        let tooLong = CommandSignerError.answerTooLong("/bin/sh", limitBytes: 65_536)
        try expect(tooLong, from: "exec cat /dev/zero")
        try expect(tooLong, from: #"printf '{"sig":"01"}'; head -c 65525 /dev/zero | tr '\0' ' '"#)
        let longest = #"printf '{"sig":"01"}'; head -c 65523 /dev/zero | tr '\0' ' '; printf '\n'"#
        #expect(try signer(longest).sign(message) == [1])
    }

    @Test(arguments: ["exec sleep 30", "exec >&-; exec sleep 30", "exec 0<&-; exec sleep 30"])
    func endsAtItsTime(script: String) throws {
        let timeout = Duration.milliseconds(200)
        let signer = try signer(script, timeout: timeout)
        #expect(throws: CommandSignerError.timedOut("/bin/sh", after: timeout)) {
            try signer.sign([UInt8](repeating: 0x5a, count: 1_000_000))
        }
    }

    /// The fifo ends for its reader when its last writer, the program, is gone.
    @Test func killsTheProgramAtItsTime() throws {
        let folder = try TemporaryFolder()
        let fifo = "\(folder.path)/alive"
        try run("mkfifo", [fifo])
        // Opened for both first, so that opening the other ends waits for nobody.
        let both = open(fifo, O_RDWR | O_CLOEXEC)
        let reader = FileHandle(fileDescriptor: open(fifo, O_RDONLY | O_CLOEXEC))
        let signer = try signer(
            #"exec 3>"$1"; echo up >&3; exec sleep 1000"#, arguments: [fifo], timeout: .seconds(2))
        #expect(throws: CommandSignerError.self) { try signer.sign(message) }
        close(both)
        #expect(try reader.readToEnd() == Data("up\n".utf8))
    }

    @Test func doesNotReadOnWhatAGrandchildKeepsOpen() throws {
        let timeout = Duration.milliseconds(200)
        try expect(
            .timedOut("/bin/sh", after: timeout), from: "sleep 30 2>/dev/null & exit 0",
            timeout: timeout)
    }

    @Test func saysEachErrorInASentence() {
        let errors: [CommandSignerError] = [
            .notStarted("p", reason: "r"), .exited("p", code: 1), .killed("p", signal: 9),
            .timedOut("p", after: .seconds(1)), .answerTooLong("p", limitBytes: 1),
            .badAnswer("p", problem: "r"), .failed("p", reason: "r"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors { #expect(error.description.hasPrefix("the signing program p ")) }
    }
}
