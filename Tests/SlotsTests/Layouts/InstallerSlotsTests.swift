import Agent
import Foundation
import Model
import Slots
import Testing

/// Slots that another program fills, here one of a few lines.
@Suite struct InstallerSlotsTests {
    private let folder: TemporaryFolder
    private let b: SlotName

    init() throws {
        folder = try TemporaryFolder()
        b = try slot("b")
    }

    private func slots(
        install: String = "cp \"$1\" \"$2\"", identify: String? = "sha256sum < \"$1\"",
        timeout: Duration = .seconds(60)
    ) throws -> InstallerSlots {
        InstallerSlots(
            [try slot("a"): "\(folder.path)/first", b: "\(folder.path)/second"],
            spoolFolder: "\(folder.path)/spool", recordFolder: "\(folder.path)/slots",
            install: ["/bin/sh", "-c", install, "sh", "{file}", "{slot}"],
            identify: identify.map { ["/bin/sh", "-c", $0, "sh", "{slot}"] } ?? [],
            timeout: timeout)
    }

    static let file = Array("a bundle".utf8)

    @discardableResult
    private func install(_ slots: InstallerSlots) throws -> Payload {
        try slots.install(Self.file, Payload(.installer, of: Self.file), in: b, pieces: 3)
    }

    @Test func theProgramGetsTheFileAndTheSlot() throws {
        let slots = try slots()
        let payload = try install(slots)
        #expect(try folder.text(of: "second") == "a bundle")
        #expect(!folder.has("first"))
        #expect(payload.installedLength == 68)
        #expect(try slots.holds(payload, in: b))
        try folder.write("something else", to: "second")
        #expect(try !slots.holds(payload, in: b))
    }

    @Test func nothingRunsBeforeTheFileIsComplete() throws {
        let slots = try slots()
        let payload = Payload(.installer, of: Self.file)
        _ = try slots.begin(b, payload, length: 8, at: 0) { _ in }
        try slots.write(Array(Self.file[..<4]))
        try slots.sync()
        slots.end()
        #expect(!folder.has("second"))
        var kept: [UInt8] = []
        #expect(try slots.begin(b, payload, length: 8, at: 4) { kept += $0 } == 4)
        #expect(kept == Array(Self.file[..<4]))
        try slots.write(Array(Self.file[4...]))
        try slots.finish { _ in }
        #expect(try folder.text(of: "second") == "a bundle")
    }

    @Test func theFileGoesOnceTheSlotIsKnown() throws {
        let slots = try slots()
        let payload = try install(slots)
        #expect(folder.has("spool/b.image"))
        #expect(try folder.permissions(of: "spool") == 0o700)
        let content = SlotContent(
            release: try #require(ReleaseID("acme 2")), sha256: sha256(Self.file), payload: payload)
        try slots.setContent(content, of: b)
        #expect(!folder.has("spool/b.image"))
        #expect(try slots.content(of: b) == content)
    }

    @Test func withoutAWordOfItsOwnASlotIsBelieved() throws {
        let slots = try slots(identify: nil)
        let payload = try install(slots)
        #expect(payload.installedLength == 0)
        #expect(try slots.holds(payload, in: b))
        let content = SlotContent(
            release: try #require(ReleaseID("acme 2")), sha256: sha256(Self.file), payload: payload)
        try slots.setContent(content, of: b)
        #expect(try slots.content(of: b) == content)
    }

    private func refusal(_ slots: InstallerSlots) throws -> String {
        do {
            try install(slots)
            return "none"
        } catch let error as SlotError {
            guard case .failed("run", _, let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func aProgramThatFailsIsAnErrorInItsOwnWords() throws {
        let failing = try slots(install: "echo no such slot >&2; exit 3")
        #expect(try refusal(failing) == "it exited with 3: no such slot")
        let killed = try slots(install: "kill -9 $$")
        #expect(try refusal(killed) == "it was killed by signal 9: ")
        let endless = try slots(install: "cat /dev/zero > /dev/null", timeout: .milliseconds(200))
        #expect(try refusal(endless) == "it did not end within 0 s")
        let mute = try slots(identify: "exit 1")
        #expect(try refusal(mute) == "it exited with 1: ")
    }

    @Test func complaintsAreNoPartOfWhatASlotHolds() throws {
        let slots = try slots(identify: "date +%N >&2; echo same")
        let payload = try install(slots)
        #expect(payload.installedLength == 5)
        #expect(try slots.holds(payload, in: b))
    }

    @Test func anAnswerThatIsTooLongIsAnError() throws {
        #expect(
            throws: SlotError.malformed(
                path: "/bin/sh", problem: "it prints more than 4095 bytes")
        ) { try install(slots(identify: "seq 5000")) }
    }

    @Test func onlyInstallersPayloadsAreTaken() throws {
        let slots = try slots()
        #expect(Payload.Format.allCases.filter { slots.takes($0) } == [.installer])
        #expect(try slots.spare(besides: b) == slot("a"))
    }
}
