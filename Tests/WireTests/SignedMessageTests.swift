import JSON
import Model
import OpenSSL
import Testing
import Trust
import Wire

@Suite struct SignedMessageTests {
    // MARK: - The protocol

    /// What is signed, to the byte: devices in the field expect exactly this.
    @Test func aCheckInIsSignedAsItEverWas() throws {
        let publicKey = try key(9).ed25519PublicKey.hex
        #expect(
            try text(signed(CheckIn.full())) == #"{"_type":"slipway-check-in","#
                + #""attributes":{"site":"berlin"},"boot":{"boot_id":"b0071d","confirmed":true,"#
                + #""release":"acme-gateway 2.4.0","sha256":"\#(digest(0xcd))","#
                + #""slot":"a"},"device":"gw-0001","enrolment":{"public_key":"\#(publicKey)","#
                + #""token":"let me in"},"hardware":"gw-2","phase":{"bytes_done":1024,"#
                + #""bytes_total":4096,"offer":"offer-1","state":"downloading"},"protocol":1,"#
                + #""sequence":42}"#)
    }

    @Test(arguments: [
        ("idle", #"{"state":"idle"}"#), ("installed", #"{"offer":"n","state":"installed"}"#),
        ("trial", #"{"offer":"n","state":"trial"}"#),
        ("proven", #"{"offer":"n","state":"proven"}"#),
        ("failed", #"{"class":"health","detail":"it smokes","offer":"n","state":"failed"}"#),
    ])
    func aPhaseIsWrittenAsItEverWas(word: String, text: String) throws {
        let nonce: Nonce = try name("n")
        let phases: [PhaseReport] = [
            .idle, .installed(nonce), .trial(nonce), .proven(nonce),
            .failed(nonce, Failure(.health, "it smokes")),
        ]
        let phase = try #require(phases.first { $0.word == word })
        #expect(String(decoding: phase.bytes, as: UTF8.self) == text)
        #expect(phase.nonce == (word == "idle" ? nil : nonce))
    }

    static let offerText =
        #"{"_type":"slipway-offer","device":"gw-0001","expires":"1970-01-02T00:00:00Z","#
        + #""length":4096,"nonce":"offer-1","path":"acme/2.4.1.raw","protocol":1,"#
        + #""release":"acme-gateway 2.4.1","rollout":"gateway-2.4.1","#
        + #""sha256":"\#(String(repeating: "ab", count: 32))","wave":1}"#

    @Test func anOfferIsSignedAsItEverWas() throws {
        #expect(try text(signed(Offer.plain())) == Self.offerText)
    }

    @Test func aDirectiveIsSignedAsItEverWas() throws {
        let offer = try signed(Offer.plain())
        let signature = try key(7).sign(Array(Self.offerText.utf8))
        let start =
            #"{"_type":"slipway-directive","answers":42,"#
        let middle = #""check_in_after_seconds":300,"device":"gw-0001","#
        #expect(
            try text(signed(Directive.with(.offer(offer)))) == start + middle
                + #""offer":{"signatures":[{"keyid":"\#(key(7).keyID)","#
                + #""sig":"\#(Hex.encode(signature))"}],"signed":\#(Self.offerText)},"protocol":1}"#
        )
        #expect(
            try text(signed(Directive.with(.cancel(name("offer-1"))))) == start
                + #""cancel":"offer-1","# + middle + #""protocol":1}"#)
        #expect(
            try text(signed(Directive.with(.retire(wipe: false)))) == start + middle
                + #""protocol":1,"retire":true}"#)
        #expect(
            try text(signed(Directive.with(.retire(wipe: true)))) == start + middle
                + #""protocol":1,"retire":true,"wipe":true}"#)
        #expect(try text(signed(Directive.with(nil))) == start + middle + #""protocol":1}"#)
    }

    private func text(_ message: SignedMessage<some WireMessage>) -> String {
        String(decoding: message.payload, as: UTF8.self)
    }

    // MARK: - One kind never passes as another

    private func reading<M: WireMessage>(_ bytes: [UInt8], as type: M.Type) -> WireError? {
        do {
            _ = try SignedMessage<M>(parsing: bytes, limitBytes: 65_536)
            return nil
        } catch { return error }
    }

    @Test func aMessageIsOnlyWhatItSaysItIs() throws {
        let all = [
            (CheckIn.type, try signed(CheckIn.full()).bytes),
            (Offer.type, try signed(Offer.plain()).bytes),
            (Directive.type, try signed(Directive.with(nil)).bytes),
        ]
        func wrong(_ type: String) -> WireError {
            .shape(JSONShapeError(path: "_type", expected: "\"\(type)\""))
        }
        for (type, bytes) in all {
            #expect(
                reading(bytes, as: CheckIn.self)
                    == (type == CheckIn.type ? nil : wrong(CheckIn.type)))
            #expect(
                reading(bytes, as: Offer.self) == (type == Offer.type ? nil : wrong(Offer.type)))
            #expect(
                reading(bytes, as: Directive.self)
                    == (type == Directive.type ? nil : wrong(Directive.type)))
        }
    }

    @Test(arguments: [0, 2, Int64.max], ["check-in, idle", "offer", "directive"])
    func anotherProtocolIsRefused(number: Int64, kind: String) throws {
        let sample = try #require(try Sample.all().first { $0.testDescription == kind })
        let json = sample.json.setting("protocol", to: .integer(number))
        #expect {
            try sample.rewrite(JSONValue.object(json).compactBytes)
        } throws: { error in
            guard case .shape(let error) = error as? WireError else { return false }
            return error.path == "protocol"
        }
    }

    @Test(arguments: ["slipway-check-i", "Slipway-Offer", "", "slipway-offer "])
    func anotherTypeIsRefused(type: String) throws {
        let json = try Offer.plain().json.setting("_type", to: .string(type))
        #expect(
            throws: WireError.shape(JSONShapeError(path: "_type", expected: "\"slipway-offer\""))
        ) { try Offer(parsing: JSONValue.object(json).compactBytes, limitBytes: 1000) }
    }

    // MARK: - Signatures

    private func isValid<M: WireMessage>(_ message: SignedMessage<M>, by number: UInt8) throws
        -> Bool
    {
        let key = try key(number)
        guard let signature = message.signatures[key.keyID] else { return false }
        return OpenSSLSignatureChecker().isValid(
            signature, by: key.publicKey, over: message.payload)
    }

    @Test func aSignedMessageComesBackAndIsStillSigned() throws {
        let message = try signed(CheckIn.full(), by: 9)
        let again = try SignedMessage<CheckIn>(parsing: message.bytes, limitBytes: 65_536)
        #expect(again == message)
        #expect(again.unverified == message.unverified)
        #expect(try isValid(again, by: 9))
        #expect(try !isValid(again, by: 7))
    }

    @Test func anOfferInsideADirectiveIsStillSigned() throws {
        let directive = try Directive.with(.offer(signed(Offer.plain())))
        guard
            case .offer(let offer) = try Directive(parsing: directive.bytes, limitBytes: 65_536)
                .order
        else {
            Issue.record("the offer is lost")
            return
        }
        #expect(try isValid(offer, by: 7))
        #expect(try offer.unverified == Offer.plain())
    }

    /// The signature covers members that the reader does not know, too.
    @Test func everyChangedMemberBreaksTheSignature() throws {
        let message = try signed(Offer.plain())
        let members = try Offer.plain().json.members
        #expect(members.count == 11)
        var changes = members.map { member in
            Offer.changed(member.key.text, member.value)
        }
        changes.append(("x-unknown", 1))
        for (member, value) in changes {
            let changed = SignedEnvelope(
                signed: try Offer.plain().json.setting(member, to: value),
                signatures: message.envelope.signatures)
            // A change of type or protocol is not even read.
            let read = try? SignedMessage<Offer>(parsing: changed.bytes, limitBytes: 65_536)
            #expect((read == nil) == ["_type", "protocol"].contains(member), "\(member)")
            if let read { #expect(try !isValid(read, by: 7), "\(member)") }
        }
    }

    @Test func everyChangedByteBreaksTheSignatureOrTheMessage() throws {
        let message = try signed(Offer.plain())
        for index in message.bytes.indices {
            var changed = message.bytes
            changed[index] ^= 1
            guard let read = try? SignedMessage<Offer>(parsing: changed, limitBytes: 65_536)
            else { continue }
            #expect(try !isValid(read, by: 7), "byte \(index)")
        }
    }

    @Test func takesNoMoreSignaturesThanItsLimit() throws {
        func bytes(_ count: Int) throws -> [UInt8] {
            SignedEnvelope(
                signed: try Offer.plain().json,
                signatures: (0..<count).map { .init(keyID: "\($0)", bytes: [1]) }
            ).bytes
        }
        #expect(try SignedMessage<Offer>(parsing: bytes(8), limitBytes: 65_536).signatures.isEmpty)
        #expect(throws: WireError.envelope(.tooManySignatures(9))) {
            try SignedMessage<Offer>(parsing: bytes(9), limitBytes: 65_536)
        }
    }

    @Test func refusesASignedMessageThatIsTooLong() throws {
        let bytes = try signed(CheckIn.full()).bytes
        let tooLong = JSONSyntaxError(
            offset: bytes.count - 1, problem: .tooLong(limitBytes: bytes.count - 1))
        #expect(throws: WireError.envelope(.syntax(tooLong))) {
            try SignedMessage<CheckIn>(parsing: bytes, limitBytes: bytes.count - 1)
        }
    }

    @Test func refusesAMessageThatIsNotSignedAtAll() throws {
        #expect(
            throws: WireError.envelope(
                .shape(JSONShapeError(path: "signed", expected: "an object, found nothing")))
        ) { try SignedMessage<Offer>(parsing: Offer.plain().bytes, limitBytes: 65_536) }
    }
}

extension Offer {
    /// Another value of the same kind for a member of an offer.
    fileprivate static func changed(_ member: String, _ value: JSONValue) -> (String, JSONValue) {
        switch (member, value) {
        case (_, .integer(let number)): (member, .integer(number + 1))
        case ("expires", _): (member, "1970-01-03T00:00:00Z")
        case ("sha256", _): (member, .string(String(repeating: "ac", count: 32)))
        case (_, .string(let text)): (member, .string(text.text + "0"))
        case (_, .null), (_, .bool), (_, .array), (_, .object): (member, .null)
        }
    }
}
