public import JSON

/// Something that travels between Slipway's programs as one JSON object.
public protocol WireMessage: Hashable, Sendable {
    var json: JSONObject { get }

    /// - Throws: ``JSONShapeError`` with the path of the first member that is not as it must be.
    init(_ fields: JSONFields) throws(JSONShapeError)
}

extension WireMessage {
    /// What is sent, in legal JSON on one line.
    public var bytes: [UInt8] { JSONValue.object(json).compactBytes }

    /// Reads a message that is at most `limitBytes` long.
    public init(parsing bytes: [UInt8], limitBytes: Int) throws(WireError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: .standard(bytes: limitBytes))
        } catch { throw .syntax(error) }
        do { try self.init(JSONFields(value)) } catch { throw .shape(error) }
    }
}

/// Why bytes are not the message that they should be.
public enum WireError: Error, Hashable, CustomStringConvertible {
    case syntax(JSONSyntaxError)
    case shape(JSONShapeError)
    case envelope(EnvelopeError)

    public var description: String {
        switch self {
        case .syntax(let error): "not acceptable JSON: \(error)"
        case .shape(let error): "\(error)"
        case .envelope(let error): "not a signed message: \(error)"
        }
    }
}
