import Foundation
import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// Tokens of people and machines: who has one, what it is good for, and until when.
@Suite struct TokenTests {
    static let root = Principal(
        name: must(OperatorName("root")), role: .admin, actions: nil, cohorts: nil, token: nil,
        expires: nil)

    static func request(
        _ role: AccessRole = .operator, name: String = "ada", actions: [Permission]? = nil,
        cohorts: [String]? = nil, seconds: Int64? = nil
    ) -> TokenRequest {
        TokenRequest(
            name: must(OperatorName(name)), role: role, actions: actions,
            cohorts: cohorts?.map { must(CohortName($0)) }, lifetimeSeconds: seconds)
    }

    private func new(
        _ orchestrator: Orchestrator, _ request: TokenRequest = request()
    ) async throws -> NewToken {
        try await orchestrator.makeToken(request, by: Self.root)
    }

    /// Who shows `text`; `nil` for nobody who is known.
    private func principal(
        _ text: String, _ orchestrator: Orchestrator
    ) async throws -> Principal? {
        do {
            return try await orchestrator.authorize(showing: text, for: nil, reaching: .nothing)
        } catch Refusal.stranger { return nil }
    }

    @Test func isGoodForItsRole() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        let token = try await new(orchestrator)
        let principal = try #require(try await principal(token.text, orchestrator))
        #expect(principal.name.text == "ada")
        #expect(principal.permissions == AccessRole.operator.permissions)
        #expect(principal.token == token.token.id)
        #expect(token.text.wholeMatch(of: /slw_[0-9a-f]{16}_[0-9a-f]{64}/) != nil)
        await #expect(throws: Refusal.self) {
            try await orchestrator.authorize(
                showing: token.text, for: .manageTokens, reaching: .nothing)
        }
    }

    /// Nobody but an administrator says who may do what, and whoever looks changes nothing.
    @Test func rolesAreWhatTheyAreCalled() {
        #expect(AccessRole.admin.permissions == Set(Permission.allCases))
        #expect(AccessRole.viewer.permissions == [.readFleet])
        #expect(!AccessRole.operator.permissions.contains(.approveRollouts))
        #expect(AccessRole.approver.permissions.isDisjoint(with: [.startRollouts, .changeDevices]))
        #expect(AccessRole.publisher.permissions == [.readFleet, .publishReleases])
        for role in AccessRole.allCases where role != .admin {
            #expect(
                role.permissions.isDisjoint(
                    with: [.manageTokens, .manageEnrolment, .manageWebHooks]))
        }
    }

    static let strangers = [
        "", " ", "slw_", "slw__", "'; DROP TABLE tokens; --", "' OR '1'='1", "../../etc/passwd",
        "slw_' OR 1=1 --_" + String(repeating: "0", count: 64),
        "slw_%_" + String(repeating: "0", count: 64), String(repeating: "a", count: 300),
        "slw_0123456789abcdef_" + String(repeating: "0", count: 64), "\u{0}", "sle_x_y",
    ]

    @Test(arguments: strangers)
    func nobodyGetsInByGuessing(text: String) async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        let token = try await new(orchestrator)
        let before = try await orchestrator.tokens()
        #expect(try await principal(text, orchestrator) == nil)
        #expect(try await orchestrator.tokens() == before)
        #expect(try await principal(token.text, orchestrator) != nil)
    }

    /// The id alone, another secret, another case, and every cut are nobody's.
    @Test func onlyTheWholeTextIsTheToken() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        let text = try await new(orchestrator).text
        let other = text.dropLast() + (text.last == "0" ? "1" : "0")
        for wrong in [String(other), text.uppercased(), text + "0", " " + text, text + "\n"] {
            #expect(try await principal(wrong, orchestrator) == nil)
        }
        for length in stride(from: 0, to: text.count, by: 9) {
            #expect(try await principal(String(text.prefix(length)), orchestrator) == nil)
        }
        // An enrolment token is good for nothing here, whatever its beginning is changed to.
        let enrolment = try await orchestrator.makeEnrolmentToken(
            EnrolmentTokenRequest(terms: EnrolmentTerms(), lifetimeSeconds: 60), by: Self.root)
        #expect(try await principal(enrolment.text, orchestrator) == nil)
        let disguised = "slw" + enrolment.text.dropFirst(3)
        #expect(try await principal(disguised, orchestrator) == nil)
    }

    @Test func expiresToTheSecond() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let token = try await new(orchestrator, Self.request(seconds: 90))
        world.clock.advance(seconds: 89)
        #expect(try await principal(token.text, orchestrator) != nil)
        world.clock.advance(seconds: 1)
        #expect(try await principal(token.text, orchestrator) == nil)
    }

    @Test func aRevocationCountsAtOnceOnEveryServer() async throws {
        let world = try World()
        let one = try await world.orchestrator()
        let other = try await world.orchestrator()
        let token = try await new(one)
        #expect(try await principal(token.text, other) != nil)

        let revoked = try await one.revokeToken(token.token.id, by: Self.root)
        #expect(try await principal(token.text, other) == nil)
        #expect(revoked.revoked == world.clock.now)
        world.clock.advance(seconds: 5)
        let again = try await other.revokeToken(token.token.id, by: Self.root)
        #expect(again == revoked)
        await #expect(throws: Refusal.unknown("there is no token nobody")) {
            try await one.revokeToken(must(TokenID("nobody")), by: Self.root)
        }
    }

    @Test func itsLastUseIsNotedOnceAMinute() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let token = try await new(orchestrator)
        func lastUse() async throws -> Instant? {
            try await orchestrator.tokens().first { $0.id == token.token.id }?.lastUsed
        }
        #expect(try await lastUse() == nil)
        let first = world.clock.now
        _ = try await principal(token.text, orchestrator)
        #expect(try await lastUse() == first)
        world.clock.advance(seconds: 59)
        _ = try await principal(token.text, orchestrator)
        #expect(try await lastUse() == first)
        world.clock.advance(seconds: 1)
        _ = try await principal(token.text, orchestrator)
        #expect(try await lastUse() == world.clock.now)
        // A clock that was set back does not stop it.
        world.clock.advance(seconds: -3600)
        _ = try await principal(token.text, orchestrator)
        #expect(try await lastUse() == world.clock.now)
    }

    @Test func nobodyGrantsMoreThanTheyMayDo() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        let keeper = try await new(
            orchestrator,
            Self.request(.admin, name: "keeper", actions: [.manageTokens, .readFleet]))
        let asker = try #require(try await principal(keeper.text, orchestrator))
        await #expect(
            throws: Refusal.forbidden("keeper cannot grant more than they may do themselves")
        ) {
            try await orchestrator.makeToken(Self.request(.admin), by: asker)
        }
        let viewer = try await orchestrator.makeToken(Self.request(.viewer), by: asker)
        #expect(viewer.token.createdBy.text == "keeper")
    }

    @Test func whatIsGoodForNothingIsNotMade() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        for request in [
            Self.request(.viewer, actions: [.startRollouts]), Self.request(actions: []),
            Self.request(cohorts: []), Self.request(cohorts: ["nowhere"]),
            Self.request(.admin, actions: [.manageTokens], cohorts: ["nowhere"]),
        ] {
            await #expect(throws: Refusal.self, "\(request)") {
                try await orchestrator.makeToken(request, by: Self.root)
            }
        }
        #expect(try await orchestrator.tokens().isEmpty)
    }

    @Test func theLastOfThoseWhoMayMakeTokensStays() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let one = try await new(orchestrator, Self.request(.admin))
        let other = try await new(orchestrator, Self.request(.admin, seconds: 60))
        _ = try await new(orchestrator, Self.request(.operator))
        _ = try await orchestrator.revokeToken(other.token.id, by: Self.root)
        await #expect(throws: Refusal.self) {
            try await orchestrator.revokeToken(one.token.id, by: Self.root)
        }
        // One that has expired is nobody to rely on.
        _ = try await new(orchestrator, Self.request(.admin, seconds: 60))
        world.clock.advance(seconds: 60)
        await #expect(throws: Refusal.self) {
            try await orchestrator.revokeToken(one.token.id, by: Self.root)
        }
        #expect(try await principal(one.text, orchestrator) != nil)
    }

    @Test func noSecretIsInTheDatabaseOrInAList() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let token = try await new(orchestrator)
        let enrolment = try await orchestrator.makeEnrolmentToken(
            EnrolmentTokenRequest(terms: EnrolmentTerms(), lifetimeSeconds: 60), by: Self.root)
        _ = try await principal(token.text, orchestrator)
        var kept = Data()
        for suffix in ["", "-wal"] {
            kept += try Data(contentsOf: URL(filePath: world.databasePath + suffix))
        }
        #expect(kept.range(of: Data(token.token.id.text.utf8)) != nil)
        let lists =
            try await ListAnswer(items: orchestrator.tokens()).bytes
            + ListAnswer(items: orchestrator.enrolmentTokens()).bytes
        for text in [token.text, enrolment.text] {
            let secret = Data(text.suffix(64).utf8)
            #expect(kept.range(of: secret) == nil)
            #expect(Data(lists).range(of: secret) == nil)
        }
    }

    // MARK: The first start

    private static func kept(_ name: String, _ text: String) -> Orchestrator.KeptToken {
        Orchestrator.KeptToken(name: must(OperatorName(name)), text: text)
    }

    @Test func tokensOfAnEarlierVersionAreTakenOverOnce() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        #expect(try await orchestrator.hasNoTokens())
        let first = Self.kept("operator", String(repeating: "7", count: 64))
        let second = Self.kept("grace", "a secret of grace's own")
        #expect(try await orchestrator.adopt(first, [second]))
        #expect(try await !orchestrator.hasNoTokens())

        let admin = try #require(try await principal(first.text, orchestrator))
        #expect(admin.permissions == Set(Permission.allCases))
        let grace = try #require(try await principal(second.text, orchestrator))
        #expect(grace.permissions.isSuperset(of: [.startRollouts, .approveRollouts]))
        #expect(grace.permissions.isDisjoint(with: [.manageTokens, .manageEnrolment, .readAudit]))

        #expect(try await !orchestrator.adopt(Self.kept("mallory", "a token of mallory"), []))
        #expect(try await principal("a token of mallory", orchestrator) == nil)
        // Their ids tell nothing of their texts.
        for token in try await orchestrator.tokens() {
            #expect(!first.text.contains(token.id.text))
        }
    }

    @Test func aTokenThatWasMadeForTheFirstStartKeepsItsID() async throws {
        let world = try World()
        defer { withExtendedLifetime(world) {} }
        let orchestrator = try await world.orchestrator()
        let text = try orchestrator.newTokenText()
        #expect(try await orchestrator.adopt(Self.kept("operator", text), []))
        let principal = try #require(try await principal(text, orchestrator))
        #expect(text.hasPrefix("slw_\(try #require(principal.token))_"))
    }
}
