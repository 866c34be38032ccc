import Audit
import JSON
import Model
import Testing

/// What a filter of the log is read from.
@Suite struct AuditSubjectTests {
    @Test func readsWhatItWrites() {
        for kind in AuditSubject.Kind.allCases {
            let subject = AuditSubject(kind, "a:b/c d")
            #expect(AuditSubject(subject.text) == subject)
        }
        for text in ["device", "device:", "nothing:x", ""] {
            #expect(AuditSubject(text) == nil, "\(text)")
        }
    }
}

/// Who is named in the log.
@Suite struct AuditActorTests {
    @Test func readsWhatItWrites() throws {
        let device = try #require(DeviceID("a:b"))
        let name = try #require(OperatorName("ada"))
        for actor in [AuditActor.device(device), .operator(name), .stranger, .server] {
            #expect(AuditActor(actor.text) == actor)
        }
        for text in ["", "ada", "operator:", "operator:a b", "server:", "stranger:x"] {
            #expect(AuditActor(text) == nil, "\(text)")
        }
    }
}

/// What is kept of a change.
@Suite struct AuditEntryTests {
    @Test func bothSidesTellOfTheMembersThatChanged() {
        let entry = AuditEntry(
            .deviceChanged, AuditSubject(.device, "d"), before: ["a": 1, "b": 2, "c": 3],
            after: ["a": 1, "b": 4, "d": 5])
        #expect(entry.before == ["b": 2, "c": 3, "d": .null])
        #expect(entry.after == ["b": 4, "c": .null, "d": 5])
    }

    @Test func whatIsNewIsToldWhole() {
        let entry = AuditEntry(
            .deviceAdded, AuditSubject(.device, "d"), before: nil, after: ["a": 1, "b": .null])
        #expect(entry.before == nil && entry.after == ["a": 1, "b": .null])
    }
}
