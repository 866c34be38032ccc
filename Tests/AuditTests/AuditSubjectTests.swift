import Audit
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
