internal import ArgumentParser
internal import Model
internal import Rollouts

/// What people write behind options, as the values that it should be.
///
/// - Throws: `ValidationError`, wrong usage, for what is none.
enum Given {
    static func name<N: Name>(_ text: String, as option: String) throws -> N {
        guard let name = N(text) else {
            throw ValidationError("\(option): \"\(text)\" is not a name")
        }
        return name
    }

    static func role(_ text: String) throws -> AccessRole {
        guard let role = AccessRole(rawValue: text) else {
            let known = AccessRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--role takes one of \(known)")
        }
        return role
    }

    static func permission(_ text: String) throws -> Permission {
        guard let permission = Permission(rawValue: text) else {
            let known = Permission.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--action takes one of \(known)")
        }
        return permission
    }

    /// Seconds, from a text such as `7d`.
    static func lifetime(_ text: String) throws -> Int64 {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw ValidationError("--expires takes such as 90d, 12h or 30m, a year at most")
        }
        return duration.components.seconds
    }

    static func number(_ number: Int64, in range: ClosedRange<Int64>) throws -> Int64 {
        guard range.contains(number) else {
            throw ValidationError("--uses takes \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// From texts such as `site=berlin`.
    static func attributes(_ texts: [String]) throws -> Attributes {
        var values: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2,
                values.updateValue(String(parts[1]), forKey: String(parts[0])) == nil
            else { throw ValidationError("--attribute takes NAME=VALUE, each name once") }
        }
        do { return try Attributes(values) } catch {
            throw ValidationError("--attribute: \(error)")
        }
    }
}
