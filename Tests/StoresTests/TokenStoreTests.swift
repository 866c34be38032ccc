import Model
import Orchestrator
import Stores
import TestSupport
import Testing

/// Tokens as the store keeps them.
@Suite struct TokenStoreTests {
    private static func at(_ seconds: Int64) -> Instant { SQLiteStoreTests.at(seconds) }

    private static func token(_ id: String, _ byte: UInt8) -> TokenRecord {
        TokenRecord(
            id: must(TokenID(id)), digest: must(Digest(bytes: Array(repeating: byte, count: 32))),
            name: must(OperatorName("ada")), role: .operator,
            actions: [.changeDevices, .readFleet],
            cohorts: [must(CohortName("b")), must(CohortName("a"))],
            created: at(10), createdBy: must(OperatorName("root")), expires: at(20),
            revoked: nil, lastUsed: at(12))
    }

    private static func enrolment(_ id: String, _ byte: UInt8) throws -> EnrolmentTokenRecord {
        EnrolmentTokenRecord(
            id: must(TokenID(id)), digest: must(Digest(bytes: Array(repeating: byte, count: 32))),
            note: "line 4's \"best\"; DROP TABLE tokens", uses: 1,
            hardware: [must(HardwareModel("gw-2")), must(HardwareModel("gw-3"))],
            cohort: must(CohortName("berlin")),
            attributes: try Attributes(["site": "zürich, west", "line": "4"]), created: at(10),
            createdBy: must(OperatorName("root")), expires: at(20))
    }

    @Test(arguments: Engine.allCases) func keepsTokensAcrossARestart(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let bounded = Self.token("bounded", 1)
        var plain = Self.token("plain", 2)
        plain.actions = nil
        plain.cohorts = nil
        plain.expires = nil
        plain.lastUsed = nil
        plain.created = Self.at(11)
        let all = [plain, bounded]
        try await database.open().write { store in for token in all { try store.add(token) }
        }

        let store = try database.open()
        let found = try await store.read { try $0.tokens() }
        #expect(found == all)
        let byID = try await store.read { try $0.token(bounded.id) }
        #expect(byID == bounded)
        let byDigest = try await store.read { try $0.token(digest: all[0].digest) }
        #expect(byDigest == all[0])
        let nobody = try await store.read { try $0.token(must(TokenID("x"))) }
        #expect(nobody == nil)

        try await store.write { store in
            try store.revokeToken(bounded.id, at: Self.at(15))
            try store.revokeToken(bounded.id, at: Self.at(16))
            try store.noteUse(ofToken: bounded.id, at: Self.at(14))
        }
        let ended = try await store.read { try $0.token(bounded.id) }
        #expect(ended?.revoked == Self.at(15))
        #expect(ended?.lastUsed == Self.at(14))
    }

    @Test(arguments: Engine.allCases) func countsEachUseOfAnEnrolmentToken(engine: Engine)
        async throws
    {
        let store = try TestDatabase(engine).open()
        let token = try Self.enrolment("one", 1)
        let one = must(DeviceID("gw-1"))
        try await store.write { try $0.add(token) }
        let found = try await store.read { try $0.enrolmentToken(token.id) }
        #expect(found == token)
        try await store.write { try $0.use(token, for: one, at: Self.at(12)) }
        let used = try await store.read { try $0.enrolmentTokens() }
        #expect(used.map(\.used) == [1])
        #expect(used.map(\.attributes) == [token.attributes])
        let by = try await store.read { try $0.enrolmentToken(of: one) }
        #expect(by == token.id)

        // Nobody is let in by a use that is not there, even if a caller forgot to look.
        await #expect(throws: StoreError.self) {
            try await store.write {
                try $0.use(token, for: must(DeviceID("gw-2")), at: Self.at(13))
            }
        }
        let other = try await store.read { try $0.enrolmentToken(of: must(DeviceID("gw-2"))) }
        #expect(other == nil)
    }

    @Test(arguments: Engine.allCases) func twoTokensNeverShareAText(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        try await store.write { try $0.add(Self.token("one", 1)) }
        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(Self.token("other", 1)) }
        }
        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(Self.token("one", 2)) }
        }
    }
}
