import Agent
import Foundation
import JSON
import Model
import Slots
import Testing

@testable import slipway_agent

@Suite struct SlotSettingsTests {
    private func settings(_ text: String) throws -> SlotSettings {
        let value = try JSONValue(
            parsing: Array(#"{"slots": \#(text)}"#.utf8), limits: .standard(bytes: 65_536))
        return try SlotSettings(JSONFields(value), recordFolder: "/state/slots")
    }

    private func formats(_ settings: SlotSettings) -> [Payload.Format] {
        Payload.Format.allCases.filter { settings.slots.takes($0) }
    }

    @Test(arguments: [
        #"{"a": "/dev/sda2", "b": "/dev/sda3"}"#,
        #"{"type": "raw", "a": "/dev/sda2", "b": "/dev/sda3"}"#,
        #"{"type": "raw", "a": "/dev/sda2", "b": "/dev/sda3", "spool": "/data/spool"}"#,
        #"{"type": "raw", "a": "/dev/sda2", "b": "/dev/sda3", "window_bytes": 67108864}"#,
    ])
    func rawSlots(text: String) throws {
        let settings = try settings(text)
        #expect(formats(settings) == [.raw, .zstd, .xz])
        #expect(settings.paths == [try slot("a"): "/dev/sda2", try slot("b"): "/dev/sda3"])
    }

    @Test func theShortFormHasAnyNames() throws {
        let settings = try settings(#"{"left": "/l", "right": "/r"}"#)
        #expect(settings.paths == [try slot("left"): "/l", try slot("right"): "/r"])
    }

    @Test func directories() throws {
        let settings = try settings(
            #"{"type": "directories", "folder": "/app", "maximum_bytes": 5, "allow_setuid": true}"#)
        #expect(formats(settings) == [.tar])
        #expect(
            settings.paths == [try slot("a"): "/app/versions/a", try slot("b"): "/app/versions/b"])
    }

    @Test func aCommand() throws {
        let settings = try settings(
            """
            {"type": "command", "spool": "/data/spool", "a": "rootfs.0", "b": "rootfs.1",
             "install": ["rauc", "install", "{file}", "{slot}"], "identify": ["rauc", "{slot}"],
             "timeout_seconds": 60}
            """)
        #expect(formats(settings) == [.installer])
        #expect(settings.paths == [try slot("a"): "rootfs.0", try slot("b"): "rootfs.1"])
        let named = try self.settings(
            #"{"type": "command", "spool": "/s", "install": ["x", "{file}"]}"#)
        #expect(named.paths == [try slot("a"): "a", try slot("b"): "b"])
    }

    @Test(arguments: [
        #"{"a": "/one"}"#, #"{"a": "/one", "b": "/one"}"#, #"{"a": "/1", "b": "/2", "c": "/3"}"#,
        #"{"a b": "/one", "b": "/two"}"#, #"{"type": "floppy"}"#, #"{"type": 1}"#,
        #"{"type": "raw", "a": "/one"}"#, #"{"type": "raw", "a": "/one", "b": "/one"}"#,
        #"{"type": "raw", "a": "/1", "b": "/2", "window_bytes": 67108865}"#,
        #"{"type": "raw", "a": "/1", "b": "/2", "folder": "/app"}"#,
        #"{"type": "directories"}"#, #"{"type": "directories", "folder": "/app", "a": "/1"}"#,
        #"{"type": "command", "spool": "/s"}"#,
        #"{"type": "command", "spool": "/s", "install": ["x"]}"#,
        #"{"type": "command", "install": ["x", "{file}"]}"#,
        #"{"type": "command", "spool": "/s", "install": ["x", "{file}"], "a": "b", "b": "b"}"#,
        #"{"type": "command", "spool": "/s", "install": ["x", "{file}"], "timeout_seconds": 0}"#,
    ])
    func refuses(text: String) {
        #expect(throws: JSONShapeError.self) { try settings(text) }
    }
}
