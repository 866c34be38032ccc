package import JSON
package import Model

/// The values of `Model` in their written form.
extension JSONFields {
    package func name<N: Name>(_ member: String) throws(JSONShapeError) -> N {
        guard let name = N(try string(member)) else {
            throw refused(
                member, "1 to 64 of a-z, A-Z, 0-9, '.', '_', ':', '-', not starting with . or -")
        }
        return name
    }

    package func optionalName<N: Name>(_ member: String) throws(JSONShapeError) -> N? {
        try optionalString(member) == nil ? nil : name(member)
    }

    package func instant(_ member: String) throws(JSONShapeError) -> Instant {
        guard let instant = Instant(try string(member)) else {
            throw refused(member, "a time such as 2026-01-31T12:00:00Z")
        }
        return instant
    }

    package func digest(_ member: String) throws(JSONShapeError) -> Digest {
        guard let digest = Digest(hex: try string(member)) else {
            throw refused(member, "64 lower-case hexadecimal digits")
        }
        return digest
    }

    func optionalDigest(_ member: String) throws(JSONShapeError) -> Digest? {
        try optionalString(member) == nil ? nil : digest(member)
    }

    func version(_ member: String) throws(JSONShapeError) -> Version {
        guard let version = Version(try string(member)) else {
            throw refused(member, "a version such as 2.4.1")
        }
        return version
    }

    func release(_ member: String) throws(JSONShapeError) -> ReleaseID {
        guard let release = ReleaseID(try string(member)) else {
            throw refused(member, "a release such as \"acme-gateway 2.4.1\"")
        }
        return release
    }

    func optionalRelease(_ member: String) throws(JSONShapeError) -> ReleaseID? {
        try optionalString(member) == nil ? nil : release(member)
    }

    func publicKey(_ member: String) throws(JSONShapeError) -> Ed25519PublicKey {
        guard let key = Ed25519PublicKey(hex: try string(member)) else {
            throw refused(member, "an Ed25519 public key in 64 lower-case hexadecimal digits")
        }
        return key
    }

    func targetPath(_ member: String) throws(JSONShapeError) -> TargetPath {
        guard let path = TargetPath(try string(member)) else {
            throw refused(member, "a relative path of at most \(TargetPath.maximumDepth) names")
        }
        return path
    }

    func image() throws(JSONShapeError) -> ImageReference {
        let image = ImageReference(
            path: try targetPath("path"), sha256: try digest("sha256"),
            length: try integer("length", in: 1...Int64.max))
        guard let image else { throw refused("length", "at least 1 byte") }
        return image
    }

    func attributes(_ member: String) throws(JSONShapeError) -> Attributes? {
        guard let fields = try optionalObject(member) else { return nil }
        var values: [String: String] = [:]
        for entry in fields.members.members {
            values[entry.key.text] = try fields.string(
                entry.key.text, maximumByteCount: Attributes.maximumValueByteCount)
        }
        do { return try Attributes(values) } catch { throw refused(member, "\(error)") }
    }

    func strings(_ member: String, maximumCount: Int) throws(JSONShapeError) -> [String] {
        var strings: [String] = []
        for element in try optionalArray(member, maximumCount: maximumCount) ?? [] {
            guard case .string(let string) = element.value else {
                throw JSONShapeError(path: element.path, expected: "a string")
            }
            strings.append(string.text)
        }
        return strings
    }

    func messages<M: WireMessage>(
        _ member: String, maximumCount: Int
    ) throws(JSONShapeError) -> [M] {
        var messages: [M] = []
        for element in try array(member, maximumCount: maximumCount) {
            messages.append(try M(element.object()))
        }
        return messages
    }
}

extension ImageReference {
    var members: [(String, JSONValue?)] {
        [
            ("path", .string(path.text)), ("sha256", .string(sha256.hex)),
            ("length", .integer(length)),
        ]
    }
}

extension Attributes {
    var json: JSONValue {
        .object(JSONObject(values.map { ($0.key, .string($0.value)) }))
    }
}

extension JSONValue {
    static func text(_ value: (some CustomStringConvertible)?) -> JSONValue? {
        value.map { .string("\($0)") }
    }

    static func list(_ messages: [some WireMessage]) -> JSONValue {
        .array(messages.map { .object($0.json) })
    }
}
