import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing
import Trust

/// The records of what the slots hold, on a disk that loses what was not synced.
@Suite struct ContentRecordsTests {
    private func content() throws -> SlotContent {
        let firmware = try Firmware("acme-gateway 2.0")
        return SlotContent(
            release: firmware.signed.release, sha256: firmware.digest,
            payload: firmware.signed.payload)
    }

    private func records(on disk: CrashingDisk) -> ContentRecords {
        ContentRecords(folder: "/data/records", on: disk)
    }

    /// An agent that was killed had made the folder, and not yet synced its name.
    @Test func aRecordOutlivesAFolderThatNobodySynced() throws {
        let content = try content()
        let disk = CrashingDisk()
        disk.put("/data/other", "")
        try disk.makeDirectory("/data/records", permissions: 0o700)
        try records(on: disk).set(content, of: slot("b"))
        let states = disk.states()
        #expect(!states.isEmpty)
        for state in states {
            #expect(try records(on: state).content(of: slot("b")) == content)
        }
    }

    /// An agent that was killed had removed the record, and not yet synced that.
    @Test func whatSomebodyElseRemovedIsForgottenDurably() throws {
        let disk = CrashingDisk()
        disk.put("/data/records/b.content", "release=acme-gateway 1.0\n")
        try disk.remove("/data/records/b.content")
        try records(on: disk).set(nil, of: slot("b"))
        for state in disk.states() {
            #expect(try records(on: state).content(of: slot("b")) == nil)
        }
    }

    @Test func aForgottenRecordStaysForgotten() throws {
        let disk = CrashingDisk()
        disk.put("/data/other", "")
        try records(on: disk).set(content(), of: slot("b"))
        try records(on: disk).set(nil, of: slot("b"))
        for state in disk.states() {
            #expect(try records(on: state).content(of: slot("b")) == nil)
        }
    }
}
