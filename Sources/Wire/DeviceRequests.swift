public import JSON
internal import Model

/// Attributes that an operator sets; a value of `nil` takes the operators' word back.
public struct AttributesRequest: WireMessage {
    public var changes: [String: String?]

    public init(changes: [String: String?]) { self.changes = changes }

    public var json: JSONObject {
        JSONObject([
            (
                "attributes",
                .object(
                    JSONObject(
                        changes.map { name, value in
                            (name, value.map { .string($0) } ?? .null)
                        }))
            )
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["attributes"])
        let members = try fields.object("attributes")
        changes = [:]
        for member in members.members.members {
            let name = member.key.text
            guard Attributes.isName(name) else {
                throw members.refused(name, "an attribute's name (a-z, then a-z, 0-9 or _)")
            }
            changes[name] = .some(
                member.value == .null
                    ? nil
                    : try members.string(
                        name, maximumByteCount: Attributes.maximumValueByteCount))
        }
    }
}

/// Whether a device that is retired is to erase itself and say so.
public struct RetireRequest: WireMessage {
    public var demandsWipe: Bool

    public init(demandsWipe: Bool) { self.demandsWipe = demandsWipe }

    public var json: JSONObject { JSONObject([("wipe", .bool(demandsWipe))]) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["wipe"])
        demandsWipe = try fields.bool("wipe")
    }
}
