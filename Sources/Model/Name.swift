/// The rule that every identifier of the domain obeys.
///
/// Names travel in URLs, file names, SQL, log lines and shells: ASCII letters, digits and
/// `. _ : -` only, 1 to 64 bytes, not starting with a dot or a dash.
public protocol Name: Hashable, Comparable, Sendable, CustomStringConvertible {
    var text: String { get }
    /// The caller has checked `text` against ``NameRule``.
    init(checked text: NameRule)
}

/// A text that obeys the rule for names.
public struct NameRule: Hashable, Sendable {
    public let text: String

    /// The longest name, in bytes.
    public static let maximumByteCount = 64

    /// Returns `nil` when `text` breaks the rule.
    public init?(_ text: String) {
        guard Self.allows(text.utf8[...]) else { return nil }
        self.text = text
    }

    /// Whether a text of these bytes obeys the rule.
    static func allows(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
        else { return false }
        return bytes.count <= maximumByteCount && bytes.allSatisfy(allows)
    }

    /// Whether a name may have this byte, wherever it stands.
    public static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Name {
    /// Returns `nil` when `text` breaks the rule of ``NameRule``.
    public init?(_ text: String) {
        guard let rule = NameRule(text) else { return nil }
        self.init(checked: rule)
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// What a device is called, chosen by whoever provisions it, unique in its fleet.
public struct DeviceID: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// Who operates the server: what a token stands for.
public struct OperatorName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What names a token without telling it; part of its text.
public struct TokenID: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// A model of hardware that an image is made for, such as `gw-2`.
public struct HardwareModel: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// The name that the versions of one product share, such as `acme-gateway`.
public struct ReleaseName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What a rollout is called, unique for ever on its server.
public struct RolloutName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What a saved selector is called, such as `berlin`.
public struct CohortName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What a rollout file calls one question to somebody outside; unique in its gate.
public struct CheckName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// A program in the server's folder of gate commands; no path.
public struct CommandName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// A place that holds one complete image, such as `a`.
public struct SlotName: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What names one start of a machine, such as Linux's `/proc/sys/kernel/random/boot_id`.
public struct BootID: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// What ties an offer to the proof or failure that answers it; unique for ever.
public struct Nonce: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}

/// An address that is told of events, by the name that the server gave it.
public struct WebHookID: Name {
    public let text: String
    public init(checked text: NameRule) { self.text = text.text }
}
