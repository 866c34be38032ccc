internal import JSON
internal import Model

/// Roles, permissions and lists of names in their written form.
extension JSONFields {
    func role(_ member: String) throws(JSONShapeError) -> AccessRole {
        guard let role = AccessRole(rawValue: try string(member)) else {
            throw refused(
                member, "one of \(AccessRole.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }

    /// `nil` when the member is absent, which is not the same as none.
    func permissions(_ member: String) throws(JSONShapeError) -> [Permission]? {
        guard optionalValue(member) != nil else { return nil }
        var permissions: [Permission] = []
        for word in try strings(member, maximumCount: Permission.allCases.count) {
            guard let permission = Permission(rawValue: word) else {
                let known = Permission.allCases.map(\.rawValue)
                throw refused(member, "words of \(known.joined(separator: ", "))")
            }
            permissions.append(permission)
        }
        return permissions
    }

    /// `nil` when the member is absent, which is not the same as none.
    func names<N: Name>(
        _ member: String, maximumCount: Int
    ) throws(JSONShapeError) -> [N]? {
        guard optionalValue(member) != nil else { return nil }
        var names: [N] = []
        for text in try strings(member, maximumCount: maximumCount) {
            guard let name = N(text) else { throw refused(member, "names") }
            names.append(name)
        }
        return names
    }

    func optionalInstant(_ member: String) throws(JSONShapeError) -> Instant? {
        try optionalString(member) == nil ? nil : instant(member)
    }
}

extension JSONValue {
    static func words(_ words: [String]?) -> JSONValue? {
        words.map { .array($0.map { .string($0) }) }
    }
}
