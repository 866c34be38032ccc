import JSON
import Testing

@Suite struct SignedEnvelopeTests {
    private func read(_ text: String, maximumSignatures: Int = 4) throws -> SignedEnvelope {
        try SignedEnvelope(
            parsing: Array(text.utf8), limits: .standard(bytes: 4096),
            maximumSignatures: maximumSignatures)
    }

    @Test func coversTheCanonicalFormOfWhatWasSigned() throws {
        let envelope = try read(
            #"{"signatures":[{"keyid":"k","sig":"00ff"}], "signed":{ "b":"\u000a", "a":-0 }}"#)
        #expect(envelope.payload == Array("{\"a\":0,\"b\":\"\n\"}".utf8))
        #expect(envelope.signed == ["a": 0, "b": "\n"])
        #expect(envelope.signatures == [.init(keyID: "k", bytes: [0, 255])])
    }

    /// However it was written, and whatever stands around it.
    @Test(arguments: [
        #"{"a":1,"b":[true,null,"x"]}"#, #"{ "a":1}"#, #"{"a" :1}"#, #"{"a": 1}"#, #"{"a":1 }"#,
        "{\"a\":1\n}", #"{"a":[1 ]}"#, #"{"a":[ ]}"#, #"{"a":{ }}"#, #"{"b":1,"a":2}"#,
        #"{"a":{"c":1,"b":2}}"#, #"{"a":[{"c":1,"b":2}]}"#, #"{"a":-0}"#, #"{"a":[-0,-1,-10]}"#,
        #"{"a":"\u0041"}"#, #"{"a":"\/"}"#, #"{"a":"\""}"#, #"{"a":"\\"}"#, #"{"a":"\n"}"#,
        #"{"a":"é\u00e9"}"#, #"{"\u0061":1}"#, #"{"é":1,"z":2}"#, #"{"z":2,"é":1}"#, "{}",
        #"{"a":9223372036854775807,"b":-9223372036854775808}"#,
        #"{"sixteen bytes !!":"sixteen bytes !!","sixteen-bytes !!":"s"}"#,
        #"{"":"","aXb":"aYb","ab":"ab","ba":"aXb"}"#,
    ])
    func coversTheCanonicalFormInEveryWriting(signed: String) throws {
        let documents = [
            #"{"signatures":[],"signed":\#(signed)}"#, #"{"signed":\#(signed),"signatures":[]}"#,
            #"{"signatures":[],"signed":\#(signed),"x":-0}"#,
            #"{"signatures":[],"signed": \#(signed)}"#, #"{"signatures":[],"signed":\#(signed) }"#,
            #" { "signatures" : [ ] , "signed" : \#(signed) } "#,
        ]
        let value = try JSONValue(parsing: Array(signed.utf8), limits: .standard(bytes: 4096))
        for document in documents {
            let envelope = try read(document)
            #expect(envelope.payload == value.canonicalBytes)
            #expect(envelope.signed == value)
        }
    }

    @Test func keepsMembersItDoesNotKnowInsideTheSignedPart() throws {
        let envelope = try read(#"{"signatures":[],"signed":{"x-unknown":[1],"a":1}}"#)
        #expect(envelope.payload == Array(#"{"a":1,"x-unknown":[1]}"#.utf8))
    }

    @Test func ignoresMembersItDoesNotKnowOutsideTheSignedPart() throws {
        let envelope = try read(
            #"{"signatures":[{"keyid":"k","sig":"","method":"x"}],"signed":{},"extra":1}"#)
        #expect(envelope.payload == Array("{}".utf8))
        #expect(envelope.signatures.count == 1)
    }

    @Test(arguments: ["zz", "0", "FF", "00 ", "é", "0x00"])
    func takesASignatureThatIsNotHexadecimalForNone(digits: String) throws {
        let envelope = try read(#"{"signatures":[{"keyid":"k","sig":"\#(digits)"}],"signed":{}}"#)
        #expect(envelope.signatures == [.init(keyID: "k", bytes: [])])
    }

    @Test func refusesTwoSignaturesOfOneKey() {
        #expect(throws: EnvelopeError.duplicateKeyID("k")) {
            try read(
                #"{"signatures":[{"keyid":"k","sig":"00"},{"keyid":"k","sig":"01"}],"signed":{}}"#)
        }
    }

    /// Otherwise a dictionary of signatures by key could lose one, or trap.
    @Test func refusesTwoKeysThatSwiftCallsEqual() {
        #expect(throws: EnvelopeError.self) {
            try read(
                #"{"signatures":[{"keyid":"\u00e9","sig":""},{"keyid":"e\u0301","sig":""}],"signed":{}}"#
            )
        }
    }

    @Test func refusesMoreSignaturesThanAllowed() throws {
        let text =
            #"{"signatures":[{"keyid":"a","sig":"00"},{"keyid":"b","sig":"00"}],"signed":{}}"#
        #expect(try read(text, maximumSignatures: 2).signatures.count == 2)
        #expect(throws: EnvelopeError.tooManySignatures(2)) { try read(text, maximumSignatures: 1) }
    }

    @Test(arguments: [
        ("[]", "", "an object, found an array"),
        (#"{"signatures":[]}"#, "signed", "an object, found nothing"),
        (#"{"signatures":[],"signed":[]}"#, "signed", "an object, found an array"),
        (#"{"signatures":[],"signed":"{}"}"#, "signed", "an object, found a string"),
        (#"{"signed":{}}"#, "signatures", "an array, found nothing"),
        (#"{"signatures":{},"signed":{}}"#, "signatures", "an array, found an object"),
        (#"{"signatures":[1],"signed":{}}"#, "signatures[0]", "an object, found a number"),
        (
            #"{"signatures":[{"sig":"00"}],"signed":{}}"#, "signatures[0].keyid",
            "a string, found nothing"
        ),
        (
            #"{"signatures":[{"keyid":"a"}],"signed":{}}"#, "signatures[0].sig",
            "a value, found nothing"
        ),
        (#"{"signatures":[{"keyid":"a","sig":1}],"signed":{}}"#, "signatures[0].sig", "a string"),
    ])
    func saysWhichPartIsMissing(text: String, path: String, expected: String) {
        #expect(
            throws: EnvelopeError.shape(JSONShapeError(path: path, expected: expected))
        ) { try read(text) }
    }

    @Test func refusesWhatIsNotJSON() {
        #expect(throws: EnvelopeError.syntax(JSONSyntaxError(offset: 1, problem: .unexpectedEnd))) {
            try read("{")
        }
    }

    @Test func comesBackFromItsOwnBytes() throws {
        let envelope = SignedEnvelope(
            signed: ["b": "\n", "a": [1, .null]],
            signatures: [.init(keyID: "k2", bytes: [1, 171]), .init(keyID: "k1", bytes: [])])
        let again = try SignedEnvelope(
            parsing: envelope.bytes, limits: .standard(bytes: 4096), maximumSignatures: 2)
        #expect(again == envelope)
        let nested: JSONValue = ["offer": envelope.value]
        let value = try JSONFields(nested).value("offer")
        #expect(try SignedEnvelope(value, maximumSignatures: 2) == envelope)
    }

    @Test func isNeverMadeWithTwoSignaturesOfOneKey() async {
        await #expect(processExitsWith: .failure) {
            _ = SignedEnvelope(
                signed: [:],
                signatures: [.init(keyID: "k", bytes: [1]), .init(keyID: "k", bytes: [2])])
        }
    }
}
