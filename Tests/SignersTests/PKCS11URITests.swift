import Signers
import Testing

@Suite struct PKCS11URITests {
    @Test func readsItsAttributes() throws {
        let uri = try PKCS11URI(
            parsing: "pkcs11:token=Release;object=a%20b;id=%01%fF?module-path=/usr/lib/hsm.so")
        #expect(uri.token == "Release")
        #expect(uri.object == "a b")
        #expect(uri.id == [1, 255])
        #expect(uri.modulePath == "/usr/lib/hsm.so")
    }

    @Test func readsThemInAnyOrderAndAsFewAsNeeded() throws {
        let uri = try PKCS11URI(parsing: "pkcs11:id=ab=c;token=T%3bU?module-path=/a%26b")
        #expect(uri.token == "T;U")
        #expect(uri.object == nil)
        #expect(uri.id == Array("ab=c".utf8))
        #expect(uri.modulePath == "/a&b")
    }

    @Test(arguments: [
        "pkcs11:token=Release?module-path=/usr/lib/hsm.so",
        "pkcs11:token=a%20b;object=%C3%A9;id=%00%FF?module-path=/usr/lib/a%26b.so",
        "pkcs11:token=%25%3B;object=%3F?module-path=/%3D",
    ])
    func writesWhatItReads(text: String) throws {
        #expect(try PKCS11URI(parsing: text).description == text)
    }

    @Test(arguments: [
        ("", PKCS11URIError.notPKCS11), ("token=t?module-path=/m", .notPKCS11),
        ("PKCS12:token=t?module-path=/m", .notPKCS11), ("pkcs11:", .missing("module-path")),
        ("pkcs11:?module-path=/m", .missing("token")), ("pkcs11:token=t", .missing("module-path")),
        ("pkcs11:token=t?", .missing("module-path")),
        ("pkcs11:token=t?module-path=m.so", .malformed("module-path")),
        ("pkcs11:token=t?module-path=", .malformed("module-path")),
        ("pkcs11:token=t?module-path=/a%00b", .malformed("module-path")),
        ("pkcs11:token=t?module-path=/a?b=c", nil),
        ("pkcs11:token=?module-path=/m", .malformed("token")),
        ("pkcs11:token?module-path=/m", .malformed("token")),
        ("pkcs11:token=a b?module-path=/m", .malformed("token")),
        ("pkcs11:token=é?module-path=/m", .malformed("token")),
        ("pkcs11:token=%ff?module-path=/m", .malformed("token")),
        ("pkcs11:token=%?module-path=/m", .malformed("token")),
        ("pkcs11:token=%4?module-path=/m", .malformed("token")),
        ("pkcs11:token=%4g?module-path=/m", .malformed("token")),
        ("pkcs11:token=%+1?module-path=/m", .malformed("token")),
        (
            "pkcs11:token=\(String(repeating: "t", count: 33))?module-path=/m", .malformed("token")
        ),
        ("pkcs11:token=t;object=?module-path=/m", .malformed("object")),
        ("pkcs11:token=t;id=?module-path=/m", .malformed("id")),
        ("pkcs11:token=t;token=t?module-path=/m", .repeated("token")),
        ("pkcs11:token=t?module-path=/m&module-path=/m", .repeated("module-path")),
        ("pkcs11:token=t;serial=1?module-path=/m", .unknown("serial")),
        ("pkcs11:token=t;type=private?module-path=/m", .unknown("type")),
        ("pkcs11:token=t;Object=a?module-path=/m", .unknown("Object")),
        ("pkcs11:token=t;module-path=/m", .unknown("module-path")),
        ("pkcs11:?token=t&module-path=/m", .unknown("token")),
        ("pkcs11:token=t?module-path=/m&pin-source=/p", .unknown("pin-source")),
        ("pkcs11:token=t?module-path=/m&pin-value=1", .pinInside),
        ("pkcs11:token=t;pin-value=1?module-path=/m", .pinInside),
    ])
    func refusesOthers(text: String, error: PKCS11URIError?) {
        guard let error else {
            #expect(throws: Never.self) { try PKCS11URI(parsing: text) }
            return
        }
        #expect(throws: error) { try PKCS11URI(parsing: text) }
    }

    @Test func namesTheAttributeAndKeepsThePINToItself() throws {
        #expect(PKCS11URIError.unknown("serial").description.contains("\"serial\""))
        let errors: [PKCS11URIError] = [
            .notPKCS11, .malformed("a"), .unknown("a"), .repeated("a"), .missing("a"), .pinInside,
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(PKCS11URIError.pinInside.description.contains("logs"))
    }
}
