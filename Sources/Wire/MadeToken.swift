public import JSON

/// A token that was just made, in the only answer that ever tells its text.
public struct MadeToken<Summary: WireMessage>: WireMessage {
    public var text: String
    public var token: Summary

    public init(text: String, token: Summary) {
        self.text = text
        self.token = token
    }

    public var json: JSONObject {
        JSONObject([("text", .string(text)), ("token", .object(token.json))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        text = try fields.string("text")
        token = try Summary(fields.object("token"))
    }
}

/// That of people and machines.
public typealias NewToken = MadeToken<TokenSummary>

/// That of devices to come.
public typealias NewEnrolmentToken = MadeToken<EnrolmentTokenSummary>
