import JSON
import Model
import Testing
import Wire

@Suite struct MessageTests {
    @Test(arguments: try Sample.all())
    func comesBackFromItsOwnBytes(sample: Sample) throws {
        #expect(sample.comesBack)
        #expect(try sample.rewrite(JSONValue.object(sample.json).compactBytes) == sample.json)
    }

    @Test func comesBackWithoutEverythingThatMayBeAbsent() throws {
        var checkIn = try CheckIn.full(phase: .idle, attributes: nil)
        checkIn.boot.release = nil
        checkIn.boot.sha256 = nil
        checkIn.enrolment = nil
        #expect(try CheckIn(parsing: checkIn.bytes, limitBytes: 1000) == checkIn)
        let file = RolloutFile(rollout: "a", release: "b 1", devices: "all", waves: [])
        #expect(try RolloutFile(parsing: file.bytes, limitBytes: 1000) == file)
    }

    /// The members of a message, at every depth, with their paths as errors tell them.
    private func members(
        of value: JSONValue, at path: String = ""
    ) -> [(path: String, steps: [Step], value: JSONValue)] {
        switch value {
        case .object(let object):
            object.members.flatMap { member in
                let inner = path.isEmpty ? member.key.text : "\(path).\(member.key.text)"
                return [(inner, [.key(member.key.text)], member.value)]
                    + members(of: member.value, at: inner).map {
                        ($0.path, [.key(member.key.text)] + $0.steps, $0.value)
                    }
            }
        case .array(let elements):
            elements.enumerated().flatMap { index, element in
                members(of: element, at: "\(path)[\(index)]").map {
                    ($0.path, [.index(index)] + $0.steps, $0.value)
                }
            }
        case .null, .bool, .integer, .string: []
        }
    }

    private enum Step { case key(String), index(Int) }

    private func replacing(
        _ steps: ArraySlice<Step>, in value: JSONValue, by new: JSONValue?
    ) -> JSONValue {
        guard let step = steps.first else { return new ?? .null }
        let isLast = steps.count == 1
        switch (step, value) {
        case (.key(let key), .object(let object)):
            guard !isLast || new != nil else {
                return .object(
                    JSONObject(
                        object.members.filter { $0.key.text != key }.map { ($0.key.text, $0.value) }
                    ))
            }
            let inner = replacing(steps.dropFirst(), in: object[key] ?? .null, by: new)
            return .object(object.setting(key, to: inner))
        case (.index(let index), .array(var elements)):
            elements[index] = replacing(steps.dropFirst(), in: elements[index], by: new)
            return .array(elements)
        default: preconditionFailure("a step must fit its value")
        }
    }

    /// What a reader says that was given `value`; `nil` when it took it.
    private func complaint(of sample: Sample, about value: JSONValue) -> WireError? {
        do {
            _ = try sample.rewrite(value.compactBytes)
            return nil
        } catch { return error }
    }

    /// An offer inside a directive has an envelope of its own, whose paths stand in the sentence.
    private func reported(_ path: String) -> String { path.hasPrefix("offer.") ? "offer" : path }

    @Test(arguments: try Sample.all())
    func saysWhichMemberIsMissing(sample: Sample) throws {
        let members = members(of: .object(sample.json))
        #expect(members.count >= 1)
        for member in members {
            let without = replacing(member.steps[...], in: .object(sample.json), by: nil)
            let complaint = complaint(of: sample, about: without)
            if sample.optional.contains(member.path) {
                #expect(complaint == nil, "without \(member.path)")
            } else if case .shape(let error) = complaint {
                #expect(error.path == reported(member.path))
            } else {
                Issue.record("nothing is said of a missing \(member.path)")
            }
        }
    }

    @Test(arguments: try Sample.all())
    func saysWhichMemberHasTheWrongType(sample: Sample) throws {
        for member in members(of: .object(sample.json)) {
            let wrong: JSONValue = if case .bool = member.value { 5 } else { true }
            let spoiled = replacing(member.steps[...], in: .object(sample.json), by: wrong)
            guard case .shape(let error) = complaint(of: sample, about: spoiled) else {
                Issue.record("\(member.path) may be \(wrong)")
                continue
            }
            #expect(error.path == reported(member.path))
        }
    }

    @Test(arguments: try Sample.all())
    func refusesADocumentThatIsNoObject(sample: Sample) {
        for value in [[], "x", 1, true, .null] as [JSONValue] {
            guard case .shape(let error) = complaint(of: sample, about: value) else {
                Issue.record("\(value) was taken")
                continue
            }
            #expect(error.path == "")
        }
    }

    /// Whatever comes, the answer is a message or an error, never a trap.
    @Test(arguments: try Sample.all())
    func survivesEveryTruncationAndEveryChangedByte(sample: Sample) {
        let good = JSONValue.object(sample.json).compactBytes
        for count in 0..<good.count {
            #expect(throws: WireError.self) { try sample.rewrite(Array(good.prefix(count))) }
        }
        for index in good.indices {
            for byte in [0x00, 0x22, 0x2d, 0x30, 0x5b, 0x7b, 0xff, good[index] ^ 1] as [UInt8] {
                var changed = good
                changed[index] = byte
                _ = try? sample.rewrite(changed)
            }
        }
    }

    // MARK: - Values that are not

    struct Spoiled: Sendable, CustomTestStringConvertible {
        let path: String
        let value: JSONValue
        let kind: String

        init(_ kind: String, _ path: String, _ value: JSONValue) {
            self.kind = kind
            self.path = path
            self.value = value
        }

        var testDescription: String { "\(kind): \(path)" }
    }

    static let long = JSONValue.string(String(repeating: "x", count: 1025))

    static let spoiled: [Spoiled] = [
        Spoiled("offer", "device", ".."),
        Spoiled("offer", "device", long),
        Spoiled("offer", "nonce", "a b"),
        Spoiled("offer", "rollout", ""),
        Spoiled("offer", "wave", -1),
        Spoiled("offer", "wave", 1001),
        Spoiled("offer", "release", "acme-gateway"),
        Spoiled("offer", "path", "../etc/passwd"),
        Spoiled("offer", "path", "/etc/passwd"),
        Spoiled("offer", "sha256", "ab"),
        Spoiled("offer", "length", 0),
        Spoiled("offer", "expires", "2026-01-31"),
        Spoiled("check-in, idle", "sequence", 0),
        Spoiled("check-in, idle", "sequence", -1),
        Spoiled("check-in, idle", "boot.boot_id", "a/b"),
        Spoiled("check-in, idle", "boot.release", "x"),
        Spoiled("check-in, idle", "boot.sha256", "AB"),
        Spoiled("check-in, idle", "phase.state", "happy"),
        Spoiled("check-in, idle", "attributes.site", .string(String(repeating: "x", count: 257))),
        Spoiled(
            "check-in, idle", "enrolment.public_key", .string(String(repeating: "00", count: 32))),
        Spoiled("check-in, idle", "enrolment.token", .string(String(repeating: "x", count: 257))),
        Spoiled("check-in, downloading", "phase.bytes_done", -1),
        Spoiled("check-in, downloading", "phase.bytes_total", 0),
        Spoiled("check-in, failed", "phase.class", "bad luck"),
        Spoiled("check-in, failed", "phase.detail", .string(String(repeating: "x", count: 513))),
        Spoiled("directive", "answers", 0),
        Spoiled("directive", "check_in_after_seconds", -1),
        Spoiled("directive", "check_in_after_seconds", 604_801),
        Spoiled("directive, cancel", "cancel", "a b"),
        Spoiled("rollout file", "devices", .string(String(repeating: "x", count: 65_537))),
        Spoiled("rollout file", "waves[0].sample", -1),
        Spoiled("rollout file", "limits.concurrent", .integer(1 << 31)),
        Spoiled("rollout file", "waves", .array(Array(repeating: ["name": "x"], count: 33))),
        Spoiled("releases", "items[0].images[0].length", 0),
        Spoiled("device", "last_failure.class", "bad luck"),
        Spoiled("cohort", "name", "a b"),
        Spoiled("cohort", "version", 0),
        Spoiled("cohort", "version", 1_000_001),
        Spoiled("cohort", "saved", "today"),
        Spoiled("saving a cohort", "selector", .string(String(repeating: "x", count: 65_537))),
        Spoiled("plan", "bytes", -1),
        Spoiled("plan", "waves[0].devices", .integer(1 << 31)),
    ]

    @Test(arguments: spoiled)
    func refusesAValueOutOfItsRange(row: Spoiled) throws {
        let sample = try #require(try Sample.all().first { $0.testDescription == row.kind })
        let member = try #require(members(of: .object(sample.json)).first { $0.path == row.path })
        let spoiled = replacing(member.steps[...], in: .object(sample.json), by: row.value)
        guard case .shape(let error) = complaint(of: sample, about: spoiled) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.path == row.path)
    }

    /// An empty list would stand for all versions.
    @Test(arguments: [("hardware", "gw 2"), ("from", "two")])
    func refusesAnImageWithAnEntryThatCannotBeRead(member: String, entry: String) throws {
        let image = ImageSummary(
            image: try imageReference(), hardware: [], from: [], mayDowngrade: false)
        let spoiled = image.json.setting(member, to: [.string(entry)])
        #expect(
            throws: WireError.shape(
                JSONShapeError(path: "\(member)[0]", expected: "a valid \(member) entry"))
        ) {
            try ImageSummary(parsing: JSONValue.object(spoiled).compactBytes, limitBytes: 1000)
        }
    }

    // MARK: - Limits

    @Test func takesAMessageUpToItsLimitInBytes() throws {
        let checkIn = try CheckIn.full()
        let space = [UInt8](
            repeating: 0x20, count: Limits.standard.messageBytes - checkIn.bytes.count)
        let full = checkIn.bytes + space
        #expect(full.count == 65_536)
        #expect(try CheckIn(parsing: full, limitBytes: Limits.standard.messageBytes) == checkIn)
        let tooLong = JSONSyntaxError(offset: 65_536, problem: .tooLong(limitBytes: 65_536))
        #expect(throws: WireError.syntax(tooLong)) {
            try CheckIn(parsing: full + [0x20], limitBytes: Limits.standard.messageBytes)
        }
    }

    @Test func takesNoMoreAttributesThanADeviceMayHave() throws {
        func checkIn(_ count: Int) throws -> [UInt8] {
            let attributes = (0..<count).map { ("a\($0)", JSONValue.string("")) }
            let json = try CheckIn.full().json.setting(
                "attributes", to: .object(JSONObject(attributes)))
            return JSONValue.object(json).compactBytes
        }
        #expect(
            try CheckIn(parsing: checkIn(256), limitBytes: 65_536).attributes?.values.count == 256)
        #expect(
            throws: WireError.shape(
                JSONShapeError(
                    path: "attributes",
                    expected: "257 attributes are more than the 256 that a device may have"))
        ) { try CheckIn(parsing: checkIn(257), limitBytes: 65_536) }
    }

    // MARK: - Orders

    @Test(arguments: [["cancel", "retire"], ["offer", "retire"], ["offer", "cancel"]])
    func aDirectiveGivesAtMostOneOrder(members: [String]) throws {
        let orders: [String: JSONValue] = [
            "offer": try signed(Offer.plain()).envelope.value, "cancel": "offer-1", "retire": true,
        ]
        var json = try Directive.with(nil).json
        for member in members { json = json.setting(member, to: orders[member] ?? .null) }
        let expected = "no second order beside \(members[0])"
        #expect(throws: WireError.shape(JSONShapeError(path: members[1], expected: expected))) {
            try Directive(parsing: JSONValue.object(json).compactBytes, limitBytes: 65_536)
        }
    }

    @Test func retiringIsAnOrderOnlyWhenItIsTrue() throws {
        let json = try Directive.with(nil).json.setting("retire", to: false)
        #expect(
            try Directive(parsing: JSONValue.object(json).compactBytes, limitBytes: 1000).order
                == nil)
    }
}
