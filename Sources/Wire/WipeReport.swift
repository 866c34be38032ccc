public import JSON
internal import Model

/// What became of the wipe that a server has demanded of a device that it retired.
public enum WipeReport: WireMessage {
    /// The device's own program has erased what it was to erase.
    case done
    /// It has not, in one sentence for a person.
    case failed(String)

    public var json: JSONObject {
        switch self {
        case .done: JSONObject([("result", .string("done"))])
        case .failed(let detail):
            JSONObject([("result", .string("failed")), ("detail", .string(detail))])
        }
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        switch try fields.string("result") {
        case "done": self = .done
        case "failed":
            self = .failed(
                DetailText.of(
                    try fields.string("detail", maximumByteCount: DetailText.maximumByteCount)))
        default: throw fields.refused("result", "done or failed")
        }
    }
}
