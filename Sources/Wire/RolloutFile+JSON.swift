public import JSON
public import Model

/// The rollout file of DESIGN.md section 7, in JSON or in what YAML says as JSON.
///
/// Its keys are read strictly: one that this version does not know is refused, because a limit
/// that is silently ignored is worse than none.
extension RolloutFile: WireMessage {
    /// The most waves in one file.
    public static let maximumWaveCount = 32

    public var json: JSONObject {
        JSONObject(present: [
            ("rollout", .string(rollout)), ("release", .string(release)),
            ("devices", .string(devices)), ("waves", .list(waves)), ("gate", .object(gate.json)),
            ("limits", .object(limits.json)), ("retries", retries.map { .object($0.json) }),
            ("priority", .text(priority)), ("supersedes", supersedes.map(\.json)),
            ("on_failure", .text(onFailure)), ("revert_to", .text(revertTo)),
            ("expires", .text(expires)), ("defer_for", .text(deferFor)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(
            otherThan: [
                "rollout", "release", "devices", "waves", "gate", "limits", "retries", "priority",
                "supersedes", "on_failure", "revert_to", "expires", "defer_for",
            ])
        var waves: [Wave] = []
        for wave in try fields.array("waves", maximumCount: Self.maximumWaveCount) {
            waves.append(try Wave(wave.object()))
        }
        self.init(
            rollout: try fields.string("rollout"), release: try fields.string("release"),
            devices: try fields.selector("devices"), waves: waves,
            gate: try fields.optionalMessage("gate") ?? Gate(),
            limits: try fields.optionalMessage("limits") ?? Limits(),
            retries: try fields.optionalMessage("retries"),
            priority: try fields.numberText("priority"),
            supersedes: try Supersedes(fields, "supersedes"),
            onFailure: try fields.optionalString("on_failure"),
            revertTo: try fields.optionalString("revert_to"),
            expires: try fields.optionalString("expires"),
            deferFor: try fields.optionalString("defer_for"))
    }
}

extension RolloutFile.Wave: WireMessage {
    /// The most devices that one wave lists by name.
    public static let maximumListCount = 10_000

    public var json: JSONObject {
        JSONObject(present: [
            ("name", .string(name)), ("sample", sample.map { .integer(Int64($0)) }),
            ("strata", strata.isEmpty ? nil : .array(strata.map { .string($0) })),
            ("percent", .text(percent)), ("count", count.map { .integer(Int64($0)) }),
            ("devices", .text(devices)),
            ("list", list.isEmpty ? nil : .array(list.map { .string($0) })), ("soak", .text(soak)),
            ("approval", .text(approval)),
            ("rate", rate.map { .object($0.json) }),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: [
            "name", "sample", "strata", "percent", "count", "devices", "list", "soak", "approval",
            "rate",
        ])
        self.init(
            name: try fields.string("name"),
            sample: try fields.optionalCount("sample"),
            strata: try fields.strings("strata", maximumCount: 8),
            percent: try fields.numberText("percent"), count: try fields.optionalCount("count"),
            devices: try fields.optionalSelector("devices"),
            list: try fields.strings("list", maximumCount: Self.maximumListCount),
            soak: try fields.optionalString("soak"),
            approval: try fields.optionalString("approval"),
            rate: try fields.optionalMessage("rate"))
    }
}

extension RolloutFile.Gate: WireMessage {
    /// The most questions to somebody outside.
    public static let maximumCheckCount = 8

    public var json: JSONObject {
        JSONObject(present: [
            ("max_failure_rate", .text(maxFailureRate)), ("confidence", .text(confidence)),
            ("min_confirmed", minConfirmed.map { .integer(Int64($0)) }),
            ("require", .text(require)), ("overdue_after", .text(overdueAfter)),
            ("per_class", perClass.isEmpty ? nil : .object(JSONObject(texts: perClass))),
            ("checks", checks.isEmpty ? nil : .list(checks)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(
            otherThan: [
                "max_failure_rate", "confidence", "min_confirmed", "require", "overdue_after",
                "per_class",
                "checks",
            ])
        var checks: [RolloutFile.Check] = []
        for check in try fields.optionalArray("checks", maximumCount: Self.maximumCheckCount) ?? []
        {
            checks.append(try RolloutFile.Check(check.object()))
        }
        self.init(
            maxFailureRate: try fields.numberText("max_failure_rate"),
            confidence: try fields.numberText("confidence"),
            minConfirmed: try fields.optionalCount("min_confirmed"),
            require: try fields.optionalString("require"),
            overdueAfter: try fields.optionalString("overdue_after"),
            perClass: try fields.numberTexts(
                "per_class", among: FailureClass.allCases.map(\.rawValue)), checks: checks)
    }
}

extension RolloutFile.Check: WireMessage {
    public var json: JSONObject {
        JSONObject(present: [
            ("name", .string(name)), ("prometheus", .text(prometheus)),
            ("webhook", .text(webhook)), ("command", .text(command)), ("pass", .text(pass)),
            ("every", .text(every)), ("timeout", .text(timeout)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: [
            "name", "prometheus", "webhook", "command", "pass", "every", "timeout",
        ])
        self.init(
            name: try fields.string("name"),
            prometheus: try fields.optionalString("prometheus", maximumByteCount: 4096),
            webhook: try fields.optionalString("webhook", maximumByteCount: 2048),
            command: try fields.optionalString("command"),
            pass: try fields.optionalString("pass"), every: try fields.optionalString("every"),
            timeout: try fields.optionalString("timeout"))
    }
}

extension RolloutFile.Limits: WireMessage {
    public var json: JSONObject {
        JSONObject(present: [
            ("concurrent", concurrent.map { .integer(Int64($0)) }),
            ("per", per.isEmpty ? nil : .object(JSONObject(texts: per))),
            (
                "never_together",
                neverTogether.isEmpty ? nil : .array(neverTogether.map { .string($0) })
            ),
            ("window", window.map { .object($0.json) }), ("egress", .text(egress)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(
            otherThan: ["concurrent", "per", "never_together", "window", "egress"])
        self.init(
            concurrent: try fields.optionalCount("concurrent"),
            per: try fields.numberTexts("per"),
            neverTogether: try fields.strings("never_together", maximumCount: 8),
            window: try fields.optionalMessage("window"),
            egress: try fields.optionalString("egress"))
    }
}

extension RolloutFile.Window: WireMessage {
    public var json: JSONObject {
        JSONObject(present: [
            ("days", .text(days)), ("from", .string(from)), ("to", .string(to)),
            ("zone", .string(zone)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["days", "from", "to", "zone"])
        self.init(
            days: try fields.optionalString("days"), from: try fields.string("from"),
            to: try fields.string("to"), zone: try fields.string("zone"))
    }
}

extension RolloutFile.Rate: WireMessage {
    public var json: JSONObject {
        JSONObject(present: [
            ("start", .string(start)), ("factor", factor.map { .integer(Int64($0)) }),
            ("every", .text(every)), ("max", .text(max)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["start", "factor", "every", "max"])
        self.init(
            start: try fields.string("start"), factor: try fields.optionalCount("factor"),
            every: try fields.optionalString("every"), max: try fields.optionalString("max"))
    }
}

extension RolloutFile.Retries: WireMessage {
    public var json: JSONObject {
        JSONObject(present: [
            ("max", max.map { .integer(Int64($0)) }), ("backoff", .text(backoff)),
            ("classes", classes.isEmpty ? nil : .array(classes.map { .string($0) })),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["max", "backoff", "classes"])
        self.init(
            max: try fields.optionalCount("max"), backoff: try fields.optionalString("backoff"),
            classes: try fields.strings("classes", maximumCount: 8))
    }
}

extension RolloutFile.Supersedes {
    /// The one word that is no list.
    private static let older = "older"

    fileprivate var json: JSONValue {
        switch self {
        case .older: .string(Self.older)
        case .named(let names): .array(names.map { .string($0) })
        }
    }

    fileprivate init?(_ fields: JSONFields, _ member: String) throws(JSONShapeError) {
        switch fields.optionalValue(member) {
        case .none: return nil
        case .some(.array):
            self = .named(try fields.strings(member, maximumCount: 100))
        case .some:
            guard try fields.string(member) == Self.older else {
                throw fields.refused(member, "older, or a list of rollouts")
            }
            self = .older
        }
    }
}

extension JSONObject {
    /// Sorted, so that the same texts are the same bytes.
    fileprivate init(texts: [String: String]) {
        self.init(texts.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) })
    }
}

extension JSONFields {
    /// An object whose members are texts or whole numbers; empty when it is not there.
    ///
    /// - Parameter names: Those that the members may have; any by default.
    fileprivate func numberTexts(
        _ member: String, among names: [String]? = nil
    ) throws(JSONShapeError) -> [String: String] {
        var texts: [String: String] = [:]
        guard let fields = try optionalObject(member) else { return texts }
        if let names { try fields.refuseMembers(otherThan: Set(names)) }
        for member in fields.members.members {
            texts[member.key.text] = try fields.numberText(member.key.text)
        }
        return texts
    }

    /// A text such as `2.5%`, or a whole number that stands for its own text.
    fileprivate func numberText(_ member: String) throws(JSONShapeError) -> String? {
        switch optionalValue(member) {
        case .none: nil
        case .some(.integer(let number)): "\(number)"
        case .some: try optionalString(member)
        }
    }

    fileprivate func optionalCount(_ member: String) throws(JSONShapeError) -> Int? {
        try optionalInteger(member, in: 0...Int64(Int32.max)).map { Int($0) }
    }

    fileprivate func optionalMessage<M: WireMessage>(
        _ member: String
    ) throws(JSONShapeError) -> M? {
        guard let fields = try optionalObject(member) else { return nil }
        return try M(fields)
    }
}
