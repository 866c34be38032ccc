import Agent
import Foundation
import Model
import OpenSSL
import Testing

@testable import slipway_agent

@Suite struct DeviceKeyTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/device.pem" }

    init() throws { folder = try TemporaryFolder() }

    @Test func isMadeOnceForItsOwnerOnly() throws {
        let key = try DeviceKey(at: path)
        #expect(try folder.permissions(of: "device.pem") == 0o600)
        #expect(try DeviceKey(at: path).publicKey == key.publicKey)
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o602, 0o644])
    func aKeyThatOthersCouldReadIsRefused(mode: Int) throws {
        _ = try DeviceKey(at: path)
        try folder.setPermissions(mode, of: "device.pem")
        let error = #expect(throws: CommandError.self) { try DeviceKey(at: path) }
        #expect(
            error?.description
                == "\(path): the device's key must belong to the agent's user, and nobody else may"
                + " read or change it (mode 0600); its mode is 0\(String(mode, radix: 8))")
        try folder.setPermissions(0o400, of: "device.pem")
        _ = try DeviceKey(at: path)
    }

    @Test func aKeyOfSomebodyElseIsRefused() throws {
        _ = try DeviceKey(at: path)
        guard chown(path, 65_534, 65_534) == 0 else {
            return withKnownIssue("only root can give a file away") {
                Issue.record("a foreign key was not tried")
            }
        }
        #expect(throws: CommandError.self) { try DeviceKey(at: path) }
    }

    // MARK: A key that another program keeps

    /// What the maker of a device would write for its TPM, around a key file.
    private func token(
        publicKey: String = "openssl pkey -in $K/key.pem -pubout",
        sign: String = "openssl pkeyutl -sign -rawin -inkey $K/key.pem -in $K/m | openssl base64 -A"
    ) throws -> [String] {
        if !folder.has("key.pem") {
            let made = try run(
                "/usr/bin/env", "openssl", "genpkey", "-algorithm", "ed25519", "-out",
                "\(folder.path)/key.pem")
            #expect(made.status == 0)
        }
        let path = try folder.script(
            """
            K=\(folder.path)
            case $1 in
            public-key) \(publicKey) ;;
            sign) cat >$K/m; \(sign) ;;
            *) echo "what is $1?" >&2; exit 64 ;;
            esac
            """, to: "token")
        return [path]
    }

    private func sealed(_ command: [String]) throws -> SealedDeviceKey {
        try SealedDeviceKey(command: command, timeout: .seconds(20))
    }

    private static let base64 = "openssl base64 -A"
    private static let hex = "od -An -v -t x1"

    @Test(arguments: [base64, hex]) func anotherProgramMaySign(form: String) throws {
        let raw = "openssl pkey -in $K/key.pem -pubout -outform DER | tail -c 32"
        let key = try sealed(
            token(
                publicKey: "\(raw) | \(form)",
                sign: "openssl pkeyutl -sign -rawin -inkey $K/key.pem -in $K/m | \(form)"))
        #expect(try sealed(token()).publicKey == key.publicKey)
        let pem = try Data(contentsOf: URL(filePath: "\(folder.path)/key.pem"))
        let own = try Ed25519PrivateKey(pem: Array(pem), passphrase: nil)
        #expect(key.publicKey == own.ed25519PublicKey)
        for message in [[UInt8](0...255), Array(repeating: 7, count: 65_536)] {
            #expect(try key.sign(message) == own.sign(message))
        }
    }

    @Test func aMessageThatDoesNotFitIsToldSo() throws {
        let key = try sealed(token())
        let error = #expect(throws: IdentityError.self) {
            try key.sign(Array(repeating: 7, count: 65_537))
        }
        #expect(error?.description.contains("65537 bytes are more than 65536") == true)
    }

    @Test func aProgramThatDoesNotReadHarmsNobody() throws {
        let path = try folder.script("exec <&-; exit 1", to: "deaf")
        #expect(throws: CommandError.self) { try sealed([path]) }
        _ = try token()
        let key = try sealed(token(sign: "true"))
        try folder.script(
            "[ $1 = public-key ] && exec openssl pkey -in \(folder.path)/key.pem -pubout; exit 0",
            to: "token")
        #expect(throws: IdentityError.self) { try key.sign(Array(repeating: 7, count: 60_000)) }
    }

    @Test func aSignatureOfAnotherKeyIsNotSent() throws {
        let key = try sealed(
            token(sign: "openssl pkeyutl -sign -rawin -inkey $K/other.pem -in $K/m | \(Self.hex)"))
        _ = try run(
            "/usr/bin/env", "openssl", "genpkey", "-algorithm", "ed25519", "-out",
            "\(folder.path)/other.pem")
        let error = #expect(throws: IdentityError.self) { try key.sign([1, 2, 3]) }
        #expect(
            error?.description
                == "\(folder.path)/token sign does not sign with the key that it has shown before")
    }

    @Test(arguments: ["true", "echo nonsense", "head -c 5000 /dev/zero", "exit 3"])
    func anAnswerThatIsNoneIsToldSo(answer: String) throws {
        #expect(throws: CommandError.self) { try sealed(token(publicKey: answer)) }
        let key = try sealed(token(sign: answer))
        #expect(throws: IdentityError.self) { try key.sign([1, 2, 3]) }
    }

    @Test(.timeLimit(.minutes(1))) func aTokenThatHangsIsGivenUp() throws {
        let command = try token(publicKey: "exec sleep 600")
        let error = #expect(throws: CommandError.self) {
            try SealedDeviceKey(command: command, timeout: .milliseconds(200))
        }
        #expect(error?.description.contains("did not end in time") == true)
    }
}
