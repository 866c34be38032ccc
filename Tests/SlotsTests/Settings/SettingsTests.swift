import Agent
import Foundation
import JSON
import Model
import Slots
import Testing

@testable import slipway_agent

/// What a device's file may say of health, watchdog, hooks, consent, log, inventory and identity.
@Suite struct SettingsTests {
    private let folder: TemporaryFolder
    private let clock = HandClock()

    init() throws {
        folder = try TemporaryFolder()
        try folder.setPermissions(0o755, of: ".")
    }

    private func fields(_ text: String) throws -> JSONFields {
        try JSONFields(
            JSONValue(parsing: Array(text.utf8), limits: .standard(bytes: 65_536)))
    }

    private func health(_ text: String, boot: String = "boot-1") throws -> HealthVerdict {
        let boot = BootID(boot)
        return try HealthSettings(fields(text)).checks(
            clock: SystemClock.ofThisProcess, slotPath: { "/slots/\($0)" },
            confirmation: ManualConfirmation(path: "\(folder.path)/confirmed"), boot: { boot }
        ).run(in: try slot("b"), within: .seconds(60))
    }

    @Test func aDeviceWithoutChecksIsHealthy() throws {
        #expect(try health("{}") == .healthy)
        #expect(try health(#"{"health": [], "health_command": []}"#) == .healthy)
    }

    @Test func theCommandFromBeforeComesFirst() throws {
        #expect(
            try health(
                #"{"health": [{"type": "space", "path": "/nowhere", "minimum_bytes": 1}],"#
                    + #""health_command": ["/bin/sh", "-c", "echo $0; exit 1", "{slot}"]}"#)
                == .unhealthy("health_command: the health check exited with 1: /slots/b"))
    }

    struct Check: CustomTestStringConvertible {
        let text: String
        let reason: String
        var testDescription: String { text }
    }

    static let checks = [
        Check(
            text: #"{"type": "command", "command": ["/bin/false"]}"#,
            reason: "command /bin/false: the health check exited with 1: "),
        Check(
            text: #"{"type": "command", "command": ["/bin/false"], "name": "uplink"}"#,
            reason: "uplink: the health check exited with 1: "),
        Check(
            text: #"{"type": "command", "command": ["/bin/sleep", "99"], "timeout_seconds": 1}"#,
            reason: "command /bin/sleep: the health check did not end within 1 s"),
        Check(
            text: #"{"type": "space", "path": "/nowhere", "minimum_bytes": 1}"#,
            reason: "space: /nowhere does not exist"),
        Check(
            text: #"{"type": "tcp", "host": "127.0.0.1", "port": 1}"#,
            reason: "tcp 127.0.0.1 port 1: Connection refused"),
        Check(
            text: #"{"type": "http", "url": "gopher://x"}"#,
            reason: "http: gopher://x: bad URL: gopher://x"),
        Check(
            text: #"{"type": "manual", "timeout_seconds": 1}"#,
            reason: "manual: nobody at the device has confirmed the new image within 1 s"),
    ]

    @Test(arguments: checks) func eachKindOfCheckIsMade(check: Check) throws {
        #expect(try health("{\"health\": [\(check.text)]}") == .unhealthy(check.reason))
    }

    @Test func retriesAreRead() throws {
        let script = #"[ -e \#(folder.path)/tried ] || { touch \#(folder.path)/tried; exit 1; }"#
        #expect(
            try health(
                #"{"health": [{"type": "command", "command": ["/bin/sh", "-c", ""#
                    + script + #""], "retry_for_seconds": 30}]}"#) == .healthy)
    }

    @Test func aConfirmedImageIsHealthy() throws {
        try ManualConfirmation(path: "\(folder.path)/confirmed")
            .give(for: try #require(BootID("boot-1")))
        #expect(try health(#"{"health": [{"type": "manual"}]}"#) == .healthy)
    }

    struct Refused: CustomTestStringConvertible {
        let text: String
        let path: String
        var testDescription: String { text }
    }

    static let refused: [Refused] = [
        Refused(text: #"{"health": {}}"#, path: "health"),
        Refused(text: #"{"health": ["x"]}"#, path: "health[0]"),
        Refused(text: #"{"health": [{"type": "luck"}]}"#, path: "health[0].type"),
        Refused(text: #"{"health": [{"type": "command"}]}"#, path: "health[0].command"),
        Refused(
            text: #"{"health": [{"type": "command", "command": [""]}]}"#,
            path: "health[0].command"),
        Refused(
            text: #"{"health": [{"type": "manual", "port": 1}]}"#, path: "health[0]"),
        Refused(
            text: #"{"health": [{"type": "tcp", "host": "x", "port": 0}]}"#,
            path: "health[0].port"),
        Refused(
            text: #"{"health": [{"type": "manual", "retry_for_seconds": -1}]}"#,
            path: "health[0].retry_for_seconds"),
        Refused(text: #"{"health_command": "true"}"#, path: "health_command"),
        Refused(text: #"{"watchdog": {"timeout_seconds": 1}}"#, path: "watchdog.timeout_seconds"),
        Refused(text: #"{"watchdog": {"path": "x"}}"#, path: "watchdog"),
        Refused(text: #"{"hooks": {"path": "x"}}"#, path: "hooks"),
        Refused(text: #"{"hooks": {"timeout_seconds": 0}}"#, path: "hooks.timeout_seconds"),
        Refused(text: #"{"consent": {"command": []}}"#, path: "consent.command"),
        Refused(text: #"{"log": {"current": "x"}}"#, path: "log.current"),
        Refused(text: #"{"inventory": {"seconds": 0}}"#, path: "inventory.seconds"),
        Refused(text: #"{"identity_command": []}"#, path: "identity_command"),
        Refused(
            text: #"{"identity_command": ["x"], "identity_timeout_seconds": 601}"#,
            path: "identity_timeout_seconds"),
    ]

    @Test(arguments: refused) func whatMakesNoSenseIsRefusedByItsPath(refused: Refused) throws {
        let fields = try fields(refused.text)
        let error = #expect(throws: JSONShapeError.self) {
            _ = try HealthSettings(fields)
            _ = try WatchdogSettings(fields)
            _ = try HookSettings(fields)
            _ = try InventorySettings(fields)
            _ = try IdentitySettings(fields)
        }
        #expect(error?.path.hasPrefix(refused.path) == true, "\(String(describing: error))")
    }

    @Test func aWatchdogIsUsedOnlyWhenItIsNamed() throws {
        #expect(try WatchdogSettings(fields("{}")) == nil)
        let standard = try #require(try WatchdogSettings(fields(#"{"watchdog": {}}"#)))
        #expect(standard.device == "/dev/watchdog")
        #expect(standard.timeout == .seconds(30))
    }

    @Test func hooksConsentAndLogAreMade() throws {
        try folder.script("exit 75", to: "hooks/pre-download")
        try folder.write("busy\n", to: "not-now")
        let path = folder.path
        let settings = try HookSettings(
            fields(
                """
                {"hooks": {"folder": "\(path)/hooks", "timeout_seconds": 5},
                 "consent": {"file": "\(path)/not-now", "stale_after_seconds": 604800,
                             "command": ["/bin/true"]},
                 "log": {"current": ["/bin/echo", "now"], "previous": ["/bin/echo", "before"],
                         "pstore": "/nowhere"}}
                """))
        #expect(
            settings.hooks.run(.preDownload, facts: [:])
                == .notNow("\(path)/hooks/pre-download says not now"))
        #expect(settings.log?.lines(ofPreviousBoot: false) == "now\n")
        #expect(settings.log?.lines(ofPreviousBoot: true) == "before\n")
        let consent = settings.consent(clock: SystemClock())
        let release = try #require(ReleaseID("acme 1.0"))
        #expect(consent.ask(for: release) == .notNow("busy"))
        try FileManager.default.removeItem(atPath: "\(path)/not-now")
        #expect(consent.ask(for: release) == .yes)
    }

    @Test func aDeviceThatSaysNothingAgrees() throws {
        let settings = try HookSettings(fields("{}"))
        let release = try #require(ReleaseID("acme 1.0"))
        #expect(settings.consent(clock: clock).ask(for: release) == .yes)
    }

    @Test func theInventoryIsMade() throws {
        try folder.write("board=a\n", to: "x.attributes")
        let inventory = try InventorySettings(
            fields("{\"inventory\": {\"folder\": \"\(folder.path)\", \"seconds\": 5}}")
        ).inventory(
            fixed: try Attributes(["site": "berlin"]), clock: clock, note: { Issue.record("\($0)") }
        )
        #expect(inventory.attributes()?.values == ["site": "berlin", "board": "a"])
        try folder.write("board=b\n", to: "x.attributes")
        clock.pass(.seconds(5))
        #expect(inventory.attributes()?["board"] == "b")
    }

    @Test func theKeyIsWhereTheFileSays() throws {
        let file = "\(folder.path)/device.pem"
        let key = try IdentitySettings(fields("{}")).identity(at: file)
        #expect(key is DeviceKey)
        #expect(folder.has("device.pem"))
        let command = try folder.script("openssl pkey -in \(file) -pubout", to: "token")
        let sealed = try IdentitySettings(fields("{\"identity_command\": [\"\(command)\"]}"))
            .identity(at: "/nowhere/device.pem")
        #expect(sealed is SealedDeviceKey)
        #expect(sealed.publicKey == key.publicKey)
    }
}
