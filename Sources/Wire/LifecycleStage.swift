public import JSON
public import Model

/// Where a device stands between being ordered and being scrapped.
public enum LifecycleStage: String, Hashable, Sendable, CaseIterable {
    /// The inventory has it; whose key it will speak with is not known yet.
    case planned
    /// Its key is known; it was not heard of yet.
    case provisioned
    case active
    /// Taken out of rollouts by the server, because it kept failing.
    case quarantined
    /// For good. Its id stays taken.
    case retired
}

extension JSONFields {
    func lifecycleStage(_ member: String) throws(JSONShapeError) -> LifecycleStage {
        guard let stage = LifecycleStage(rawValue: try string(member)) else {
            throw refused(member, LifecycleStage.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return stage
    }
}

/// How a device left the fleet.
public struct Retirement: WireMessage {
    public var at: Instant
    /// Whether it has erased itself; `nil` when nobody demanded that.
    public var wipe: Wipe?

    /// What is known of a wipe that was demanded.
    public enum Wipe: Hashable, Sendable {
        /// The device has not said anything of it yet.
        case demanded
        /// The device has said so, signed by its key, at this moment.
        case done(at: Instant)
        case failed(String, at: Instant)
    }

    public init(at: Instant, wipe: Wipe?) {
        self.at = at
        self.wipe = wipe
    }

    public var json: JSONObject {
        var members: [(String, JSONValue?)] = [("at", .text(at))]
        switch wipe {
        case nil: break
        case .demanded: members.append(("wipe", .string("demanded")))
        case .done(let moment):
            members += [("wipe", .string("done")), ("wipe_at", .text(moment))]
        case .failed(let detail, let moment):
            members += [
                ("wipe", .string("failed")), ("wipe_at", .text(moment)),
                ("wipe_detail", .string(detail)),
            ]
        }
        return JSONObject(present: members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        at = try fields.instant("at")
        switch try fields.optionalString("wipe") {
        case nil: wipe = nil
        case "demanded"?: wipe = .demanded
        case "done"?: wipe = .done(at: try fields.instant("wipe_at"))
        case "failed"?:
            wipe = .failed(
                try fields.string("wipe_detail", maximumByteCount: DetailText.maximumByteCount),
                at: try fields.instant("wipe_at"))
        default: throw fields.refused("wipe", "demanded, done or failed")
        }
    }
}
