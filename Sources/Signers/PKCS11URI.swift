/// Where keys are: a subset of the PKCS #11 URI scheme (RFC 7512).
///
/// Such as `pkcs11:token=Release;object=root;id=%01?module-path=/usr/lib/libhsm.so`.
/// Other attributes, of which some would narrow the choice, are refused rather than passed over.
public struct PKCS11URI: Hashable, Sendable {
    /// `module-path`: the library that speaks to the token; always absolute.
    public let modulePath: String
    /// `token`: the label of the token, at most 32 bytes.
    public let token: String
    /// `object`: the label of a key.
    public let object: String?
    /// `id`: the bytes that a key is called by.
    public let id: [UInt8]?

    /// - Throws: ``PKCS11URIError``.
    public init(parsing text: String) throws(PKCS11URIError) {
        let scheme = "pkcs11:"
        guard text.hasPrefix(scheme) else { throw .notPKCS11 }
        let parts = text.dropFirst(scheme.count)
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = try Self.attributes(
            parts[0].split(separator: ";"), known: ["token", "object", "id"])
        let query = try Self.attributes(
            parts.dropFirst().first?.split(separator: "&") ?? [], known: ["module-path"])
        modulePath = try Self.text("module-path", in: query)
        guard modulePath.hasPrefix("/") else { throw .malformed("module-path") }
        token = try Self.text("token", in: path)
        guard (1...32).contains(token.utf8.count) else { throw .malformed("token") }
        object = path["object"] == nil ? nil : try Self.text("object", in: path)
        id = path["id"]
        guard object != "" else { throw .malformed("object") }
        guard id != [] else { throw .malformed("id") }
    }

    init(modulePath: String, token: String, object: String?, id: [UInt8]?) {
        self.modulePath = modulePath
        self.token = token
        self.object = object
        self.id = id
    }

    private static func attributes(
        _ parts: [Substring], known: Set<String>
    ) throws(PKCS11URIError) -> [String: [UInt8]] {
        var attributes: [String: [UInt8]] = [:]
        for part in parts {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(halves[0])
            guard name != "pin-value" else { throw .pinInside }
            guard known.contains(name) else { throw .unknown(name) }
            guard attributes[name] == nil else { throw .repeated(name) }
            guard halves.count == 2, let value = decode(halves[1]) else { throw .malformed(name) }
            attributes[name] = value
        }
        return attributes
    }

    /// The value of an attribute that is text: UTF-8 without a zero.
    private static func text(
        _ name: String, in attributes: [String: [UInt8]]
    ) throws(PKCS11URIError) -> String {
        guard let bytes = attributes[name] else { throw .missing(name) }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw .malformed(name)
        }
        return text
    }
}

// MARK: - Percent-encoding (RFC 3986 section 2.1)

extension PKCS11URI {
    /// Returns `nil` for anything but printable ASCII in which each `%` has two digits.
    private static func decode(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard (0x21...0x7e).contains(byte) else { return nil }
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }

    private static func encode(_ bytes: some Sequence<UInt8>, except plain: String) -> String {
        let plain = Set(plain.utf8)
        let digits = Array("0123456789ABCDEF".utf8)
        let encoded = bytes.flatMap { byte in
            plain.contains(byte)
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static let unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
}

extension PKCS11URI: CustomStringConvertible {
    /// The URI in the form that ``init(parsing:)`` reads.
    public var description: String {
        var text = "pkcs11:token=\(Self.encode(token.utf8, except: Self.unreserved))"
        if let object {
            text += ";object=\(Self.encode(object.utf8, except: Self.unreserved))"
        }
        if let id { text += ";id=\(Self.encode(id, except: ""))" }
        let path = Self.encode(modulePath.utf8, except: Self.unreserved + "/")
        return text + "?module-path=\(path)"
    }
}
