import JSON
import Model
import Testing
import Wire

extension Sample {
    /// Messages about tokens.
    static func access() throws -> [Sample] {
        let token = TokenSummary(
            id: try name("0123456789abcdef"), name: try name("ada"), role: .operator,
            actions: [.changeDevices, .readFleet], cohorts: [try name("berlin")], created: at(1),
            createdBy: try name("root"), expires: at(9), revoked: at(8), lastUsed: at(7))
        let terms = EnrolmentTerms(
            note: "line 4", uses: 20, hardware: [try name("gw-2")], cohort: try name("berlin"),
            attributes: try Attributes(["site": "berlin"]))
        let enrolment = EnrolmentTokenSummary(
            id: try name("0123456789abcdef"), terms: terms, used: 3, created: at(1),
            createdBy: try name("root"), expires: at(9), revoked: at(8))
        let may: Set = ["actions", "cohorts", "expires", "revoked", "last_used"]
        let bounds: Set = ["note", "uses", "hardware", "cohort", "attributes", "attributes.site"]
        return [
            try Sample("token", token, optional: may),
            try Sample(
                "new token", NewToken(text: "slw_x_y", token: token),
                optional: Set(may.map { "token.\($0)" })),
            try Sample(
                "token request",
                TokenRequest(
                    name: name("ada"), role: .viewer, actions: [.readFleet],
                    cohorts: [name("berlin")], lifetimeSeconds: 60),
                optional: ["actions", "cohorts", "lifetime_seconds"]),
            try Sample(
                "who I am",
                WhoAmI(
                    name: name("ada"), role: .viewer, permissions: [.readFleet],
                    cohorts: [name("berlin")], token: name("0123456789abcdef"), expires: at(9)),
                optional: ["permissions", "cohorts", "token", "expires"]),
            try Sample("enrolment token", enrolment, optional: bounds.union(["revoked"])),
            try Sample(
                "new enrolment token", NewEnrolmentToken(text: "sle_x_y", token: enrolment),
                optional: Set(bounds.union(["revoked"]).map { "token.\($0)" })),
            try Sample(
                "enrolment token request",
                EnrolmentTokenRequest(terms: terms, lifetimeSeconds: 60), optional: bounds),
        ]
    }
}
