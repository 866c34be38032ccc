import Foundation
import Glibc
import Model
import OpenSSL
import Signers
import Testing
import Trust

/// One at a time: SoftHSM has one state for the whole process.
@Suite(.serialized) struct PKCS11Tests {
    private func signer(_ uri: PKCS11URI, pin: [UInt8]? = SoftToken.pin) throws -> PKCS11Signer {
        try PKCS11Signer(
            uri, pin: pin, hashing: OpenSSLHashing(), checker: OpenSSLSignatureChecker())
    }

    private func expect(
        _ error: PKCS11Error, at uri: PKCS11URI, pin: [UInt8]? = SoftToken.pin,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: location) { try signer(uri, pin: pin) }
    }

    // MARK: - Good keys

    @Test(
        arguments: [
            ("object=ed", SignatureScheme.ed25519), ("id=%01", .ed25519),
            ("object=ed;id=%01", .ed25519), ("object=p256", .ecdsaP256), ("id=%02%fF", .ecdsaP256),
            ("object=same;id=%05", .ecdsaP256), ("id=%06;object=same", .ed25519),
            ("object=cl%C3%A9%3b%201%25", .ecdsaP256), ("object=nameless", .ed25519),
        ])
    func signs(key: String, scheme: SignatureScheme) throws {
        let signer = try signer(SoftToken.shared.get().uri(key))
        #expect(signer.publicKey.scheme == scheme)
        for count in [0, 1, 32, 33, 5_000] {
            let message = [UInt8](repeating: 0x5a, count: count)
            let signature = try signer.sign(message)
            #expect(isValid(signature, by: signer.publicKey, over: message))
            #expect(!isValid(signature, by: signer.publicKey, over: message + [0]))
        }
    }

    /// Some of the numbers start with a zero and some with a sign.
    @Test func signsManyTimesByP256() throws {
        let signer = try signer(SoftToken.shared.get().uri("object=p256"))
        var lengths: Set<Int> = []
        for number in 0..<100 {
            let message = [UInt8(number)]
            let signature = try signer.sign(message)
            #expect(isValid(signature, by: signer.publicKey, over: message))
            lengths.insert(signature.count)
        }
        #expect(lengths.isSuperset(of: [70, 71, 72]))
    }

    @Test func signsFiveMegabytes() throws {
        let signer = try signer(SoftToken.shared.get().uri("object=ed"))
        let message = [UInt8](repeating: 0x5a, count: 5_000_000)
        #expect(isValid(try signer.sign(message), by: signer.publicKey, over: message))
    }

    @Test func takesTurnsWithOtherThreads() async throws {
        let token = try SoftToken.shared.get()
        let signers = try ["object=ed", "object=p256"].map { try signer(token.uri($0)) }
        let good = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                let signer = signers[number % 2]
                group.addTask { @concurrent in
                    isValid(try signer.sign(message), by: signer.publicKey, over: message)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(good == 20)
    }

    @Test func listsTheKeysThatSign() throws {
        let token = try SoftToken.shared.get()
        let checker = OpenSSLSignatureChecker()
        let keys = try PKCS11Token.keys(at: token.uri(""), pin: SoftToken.pin, checker: checker)
        #expect(
            Set(keys.map(\.uri.object)) == ["ed", "p256", "same", "clé; 1%", "nameless"])
        #expect(keys.count == 6)
        for key in keys {
            #expect(try PKCS11URI(parsing: key.uri.description) == key.uri)
            #expect(try signer(key.uri).publicKey == key.publicKey)
        }
        let same = try PKCS11Token.keys(
            at: token.uri("object=same"), pin: SoftToken.pin, checker: checker)
        #expect(same.count == 2)
        #expect(
            try PKCS11Token.keys(at: token.uri("id=%99"), pin: SoftToken.pin, checker: checker)
                .isEmpty)
    }

    @Test func keepsThePINOutOfLogs() throws {
        let signer = try signer(SoftToken.shared.get().uri("object=ed"))
        var dumped = ""
        dump(signer, to: &dumped)
        #expect("\(signer)" == signer.uri.description)
        #expect("\(signer)".hasPrefix("pkcs11:token=slipway%201;object=ed?module-path=/usr/lib/"))
        for text in [dumped, "\(signer)", String(reflecting: signer)] {
            #expect(!text.contains("567890") && !text.contains("53"))
        }
    }

    @Test func leavesTheModuleAsItFoundIt() throws {
        let uri = try SoftToken.shared.get().uri("object=ed")
        let signer = try signer(uri)
        _ = try signer.sign(message)
        #expect(try call("C_Finalize") == 0x190)
        #expect(throws: PKCS11Error.self) { try self.signer(uri, pin: [0x31]) }
        #expect(try call("C_Finalize") == 0x190)
        #expect(try call("C_Initialize") == 0)
        #expect(isValid(try signer.sign(message), by: signer.publicKey, over: message))
        // A login that was left would let any PIN pass.
        #expect(throws: PKCS11Error.failed(function: "C_Login", code: 0xa0)) {
            try self.signer(uri, pin: Array("567891".utf8))
        }
        #expect(try call("C_Finalize") == 0)
    }

    /// Calls a function of SoftHSM with no arguments.
    private func call(_ function: String) throws -> UInt {
        typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> UInt
        let library = try #require(dlopen(SoftToken.module, RTLD_NOW))
        return unsafeBitCast(try #require(dlsym(library, function)), to: Function.self)(nil)
    }

    // MARK: - What is missing or wrong

    @Test func refusesAWrongPIN() throws {
        let uri = try SoftToken.shared.get().uri("object=ed")
        let wrong = PKCS11Error.failed(function: "C_Login", code: 0xa0)
        #expect(wrong.description == "the token's C_Login answered CKR_PIN_INCORRECT")
        expect(wrong, at: uri, pin: Array("567891".utf8))
        expect(wrong, at: uri, pin: Array("5678900".utf8))
        expect(.pinNeeded(token: "slipway 1"), at: uri, pin: nil)
        #expect(throws: PKCS11Error.self) { try signer(uri, pin: []) }
        // A failure leaves nothing behind that would keep the right PIN out.
        #expect(try signer(uri).sign(message).count == 64)
    }

    @Test func refusesTokensThatAreNotThereOnce() throws {
        let token = try SoftToken.shared.get()
        expect(.noSuchToken("other"), at: try token.uri("object=ed", token: "other"))
        expect(.noSuchToken("slipway"), at: try token.uri("object=ed", token: "slipway"))
        expect(.severalTokens("twin"), at: try token.uri("object=ed", token: "twin"))
    }

    @Test(arguments: ["object=other", "id=%02", "object=ed;id=%02%ff", "object=ED", "id=%01%01"])
    func refusesKeysThatAreNotThere(key: String) throws {
        let uri = try SoftToken.shared.get().uri(key)
        expect(.noSuchKey(uri), at: uri)
    }

    @Test func refusesToChooseAKey() throws {
        let token = try SoftToken.shared.get()
        for key in ["object=same", ""] {
            let uri = try token.uri(key)
            expect(.severalKeys(uri), at: uri)
        }
    }

    @Test(arguments: [
        ("object=rsa", "the token holds no public half of it on an elliptic curve"),
        ("object=half", "the token holds no public half of it on an elliptic curve"),
        ("object=p384", "it is neither a sound Ed25519 nor a sound P-256 key"),
    ])
    func refusesKeysThatCannotSignMetadata(key: String, reason: String) throws {
        let uri = try SoftToken.shared.get().uri(key)
        expect(.unusableKey(uri, reason: reason), at: uri)
    }

    @Test func refusesWhatIsNoModule() throws {
        let token = try SoftToken.shared.get()
        let folder = try TemporaryFolder()
        let text = try folder.write("no library", to: "text.so")
        let mathematics = try #require(
            FileManager.default.subpaths(atPath: "/usr/lib")?.first { $0.hasSuffix("/libm.so.6") })
        for (path, reason) in [
            ("/nowhere/module.so", "cannot open shared object file: No such file or directory"),
            (text, "file too short"), (folder.path, "cannot read file data: Is a directory"),
            ("/usr/lib/\(mathematics)", "it has no function C_GetFunctionList"),
        ] {
            let uri = try token.uri("object=ed", module: path)
            let error = #expect(throws: PKCS11Error.self) { try signer(uri) }
            guard case .badModule(path, _) = error else {
                Issue.record("\(path) gives \(String(describing: error))")
                continue
            }
            #expect(error?.description.hasSuffix(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test func saysEachErrorInASentence() throws {
        let uri = try SoftToken.shared.get().uri("object=ed")
        let errors: [PKCS11Error] = [
            .badModule(path: "p", reason: "r"), .noSuchToken("t"), .severalTokens("t"),
            .noSuchKey(uri), .severalKeys(uri), .unusableKey(uri, reason: "r"),
            .pinNeeded(token: "t"), .failed(function: "C_Sign", code: 0xa4),
            .failed(function: "C_Sign", code: 0xe0), .failed(function: "C_Sign", code: 0x8000_0001),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(
            errors.suffix(3).map(\.description) == [
                "the token's C_Sign answered CKR_PIN_LOCKED",
                "the token's C_Sign answered CKR_TOKEN_NOT_PRESENT",
                "the token's C_Sign answered the error 0x80000001",
            ])
    }
}
