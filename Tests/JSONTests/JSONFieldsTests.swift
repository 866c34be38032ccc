import JSON
import Testing

@Suite struct JSONFieldsTests {
    private func fields() throws -> JSONFields {
        try JSONFields(
            parse(
                #"""
                {"name":"edge","percent":5,"on":true,"none":null,"waves":[{"soak":"1h"},7],
                 "gate":{"rate":"x","deep":{"n":1}},"sig":"00ff","bad":"0G","upper":"FF"}
                """#))
    }

    @Test func readsEachKindOfMember() throws {
        let fields = try fields()
        #expect(try fields.string("name") == "edge")
        #expect(try fields.integer("percent", in: 0...100) == 5)
        #expect(try fields.bool("on"))
        #expect(try fields.hex("sig", maximumByteCount: 2) == [0, 255])
        #expect(try fields.value("none") == .null)
        #expect(try fields.object("gate").string("rate") == "x")
        #expect(try fields.array("waves", maximumCount: 2).map(\.path) == ["waves[0]", "waves[1]"])
        #expect(fields.members["name"] == "edge")
    }

    @Test func takesNullForAbsentOnlyWhereAbsenceIsAllowed() throws {
        let fields = try fields()
        for name in ["none", "absent"] {
            #expect(try fields.optionalString(name) == nil)
            #expect(try fields.optionalInteger(name, in: 0...1) == nil)
            #expect(try fields.optionalBool(name) == nil)
            #expect(try fields.optionalObject(name)?.path == nil)
            #expect(try fields.optionalArray(name, maximumCount: 1)?.count == nil)
            #expect(fields.optionalValue(name) == nil)
        }
        #expect(try fields.optionalString("name") == "edge")
        #expect(try fields.optionalInteger("percent", in: 5...5) == 5)
        #expect(try fields.optionalBool("on") == true)
        #expect(try fields.optionalObject("gate")?.path == "gate")
        #expect(try fields.optionalArray("waves", maximumCount: 2)?.count == 2)
        #expect(fields.optionalValue("percent") == 5)
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        let text: String
        let read: @Sendable (JSONFields) throws(JSONShapeError) -> Void

        init(
            _ text: String, _ read: @escaping @Sendable (JSONFields) throws(JSONShapeError) -> Void
        ) {
            self.text = text
            self.read = read
        }

        var testDescription: String { text }
    }

    static let mistakes: [Mistake] = [
        Mistake("percent: expected a string, found a number") { fields throws(JSONShapeError) in
            _ = try fields.string("percent")
        },
        Mistake("absent: expected a string, found nothing") { fields throws(JSONShapeError) in
            _ = try fields.string("absent")
        },
        Mistake("none: expected a string, found null") { fields throws(JSONShapeError) in
            _ = try fields.string("none")
        },
        Mistake("name: expected a string of at most 3 bytes") { fields throws(JSONShapeError) in
            _ = try fields.string("name", maximumByteCount: 3)
        },
        Mistake("percent: expected a number from 6 to 100") { fields throws(JSONShapeError) in
            _ = try fields.integer("percent", in: 6...100)
        },
        Mistake("on: expected a number, found true or false") { fields throws(JSONShapeError) in
            _ = try fields.integer("on", in: 0...1)
        },
        Mistake("percent: expected true or false, found a number") {
            fields throws(JSONShapeError) in _ = try fields.bool("percent")
        },
        Mistake("gate: expected an array, found an object") { fields throws(JSONShapeError) in
            _ = try fields.array("gate", maximumCount: 1)
        },
        Mistake("waves: expected an array of at most 1 elements") {
            fields throws(JSONShapeError) in _ = try fields.array("waves", maximumCount: 1)
        },
        Mistake("waves: expected an object, found an array") { fields throws(JSONShapeError) in
            _ = try fields.object("waves")
        },
        Mistake("absent: expected a value, found nothing") { fields throws(JSONShapeError) in
            _ = try fields.value("absent")
        },
        Mistake("waves[1]: expected an object, found a number") {
            fields throws(JSONShapeError) in
            let element = try fields.array("waves", maximumCount: 2)[1]
            _ = try element.object()
        },
        Mistake("waves[0].soak: expected a number, found a string") {
            fields throws(JSONShapeError) in
            let element = try fields.array("waves", maximumCount: 2)[0]
            _ = try element.object().integer("soak", in: 0...1)
        },
        Mistake("gate.deep.n: expected something else") { fields throws(JSONShapeError) in
            throw try fields.object("gate").object("deep").refused("n", "something else")
        },
        Mistake("sig: expected at most 1 bytes in lower-case hexadecimal") {
            fields throws(JSONShapeError) in _ = try fields.hex("sig", maximumByteCount: 1)
        },
        Mistake("bad: expected at most 9 bytes in lower-case hexadecimal") {
            fields throws(JSONShapeError) in _ = try fields.hex("bad", maximumByteCount: 9)
        },
        Mistake("upper: expected at most 9 bytes in lower-case hexadecimal") {
            fields throws(JSONShapeError) in _ = try fields.hex("upper", maximumByteCount: 9)
        },
        Mistake("name: expected true or false, found a string") {
            fields throws(JSONShapeError) in _ = try fields.optionalBool("name")
        },
    ]

    @Test(arguments: mistakes)
    func saysWhereAndWhatWasExpected(mistake: Mistake) throws {
        let fields = try fields()
        let error = #expect(throws: JSONShapeError.self) { try mistake.read(fields) }
        #expect(error?.description == mistake.text)
    }

    @Test func isMadeOfObjectsOnly() {
        #expect(throws: JSONShapeError(path: "", expected: "an object, found an array")) {
            try JSONFields([])
        }
    }

    @Test(arguments: [
        ("rollout", nil),
        ("precent", "wave: expected no member called \"precent\"; perhaps \"percent\""),
        ("Percent", "wave: expected no member called \"Percent\"; perhaps \"percent\""),
        ("soa", "wave: expected no member called \"soa\"; perhaps \"soak\""),
        ("unrelated", "wave: expected no member called \"unrelated\""),
        ("x", "wave: expected no member called \"x\""),
        ("a\nb", "wave: expected no member called \"a?b\""),
        // KELVIN SIGN, which Swift calls equal to K.
        ("\u{212a}", "wave: expected no member called \"\u{212a}\""),
    ])
    func refusesUnknownMembersAndGuessesWhatWasMeant(name: String, text: String?) throws {
        let fields = try JSONFields(.object(JSONObject([(name, 1), ("name", 2)])), at: "wave")
        let known: Set = ["name", "percent", "soak", "rollout", "K"]
        guard let text else {
            try fields.refuseMembers(otherThan: known)
            return
        }
        let error = #expect(throws: JSONShapeError.self) {
            try fields.refuseMembers(otherThan: known)
        }
        // Compared by bytes, because Swift would take the KELVIN SIGN for a K here as well.
        #expect(error.map { Array($0.description.utf8) } == Array(text.utf8))
    }

    @Test func showsOnlyTheBeginningOfALongName() throws {
        let name = String(repeating: "x", count: 1_000_000)
        let fields = try JSONFields(.object(JSONObject([(name, 1)])))
        let error = #expect(throws: JSONShapeError.self) {
            try fields.refuseMembers(otherThan: ["a"])
        }
        #expect((error?.description.utf8.count ?? .max) < 200)
    }
}
