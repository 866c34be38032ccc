import Foundation
internal import JSON
internal import Model
internal import Rollouts
internal import Wire
internal import Yams

/// Reads rollout files: YAML without its surprises.
enum RolloutFileReader {
    static let limitBytes = 262_144
    /// The most values in one file, so that aliases cannot multiply without end.
    private static let limitValues = 10_000
    /// The library unfolds a key to compare it with its neighbours, before values are counted.
    private static let limitAliases = 16

    /// - Parameter cohorts: By default, cohorts are left for the server to look up.
    /// - Throws: ``SlipwayError`` that says where in the file the problem is.
    static func read(
        _ path: String, cohorts: CohortSource = .unchecked
    ) throws(SlipwayError) -> RolloutFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        guard data.count <= limitBytes else {
            throw .badInput(path: path, problem: "longer than \(limitBytes) bytes")
        }
        guard aliasCount(in: data) <= limitAliases else {
            throw .badInput(path: path, problem: "more than \(limitAliases) aliases (*name)")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: String(decoding: data, as: UTF8.self)) } catch {
            throw .badInput(path: path, problem: sentence(for: error))
        }
        guard let node else { throw .badInput(path: path, problem: "the file is empty") }
        do {
            var left = limitValues
            let file = try RolloutFile(JSONFields(value(of: node, left: &left)))
            // The rules that need no fleet are told before any server is asked.
            _ = try RolloutSpec(file, cohorts: cohorts)
            return file
        } catch { throw .badInput(path: path, problem: "\(error)") }
    }

    /// Counts more than there are rather than fewer: every `*` that something follows.
    private static func aliasCount(in data: Data) -> Int {
        zip(data, data.dropFirst()).count { $0 == UInt8(ascii: "*") && $1 > 0x20 }
    }

    /// The library's account without the excerpt that it prints below it.
    private static func sentence(for error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "not YAML: line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "line \(context.mark.line): the key \(keys.joined(separator: ", ")) is there twice"
        case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded, .none:
            "not YAML: it cannot be read as text"
        }
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ node: Node, _ text: String) {
            description = node.mark.map { "line \($0.line), column \($0.column): \(text)" } ?? text
        }
    }

    private static func value(of node: Node, left: inout Int) throws -> JSONValue {
        left -= 1
        guard left >= 0 else { throw Problem(node, "more than \(limitValues) values") }
        switch node {
        case .scalar(let scalar): return value(of: scalar)
        case .sequence(let sequence):
            return .array(try sequence.map { try value(of: $0, left: &left) })
        case .mapping(let mapping):
            var members: [(String, JSONValue)] = []
            var names: Set<String> = []
            for (key, member) in mapping {
                guard let name = key.scalar?.string else {
                    throw Problem(key, "a key has to be a word")
                }
                guard names.insert(name).inserted else {
                    throw Problem(key, "the key \(name) is there twice")
                }
                members.append((name, try value(of: member, left: &left)))
            }
            return .object(JSONObject(members))
        case .alias:
            throw Problem(node, "an alias cannot be used here")
        }
    }

    /// Only whole numbers and truth values are more than text; `2.5` stays what was written.
    private static func value(of scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null": return .null
        case "true": return true
        case "false": return false
        default:
            let number = Int64(scalar.string)
            return number.map { .integer($0) } ?? .string(scalar.string)
        }
    }
}
