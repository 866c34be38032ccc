import Model
import Rollouts

extension RolloutFileErrorTests {
    typealias Check = RolloutFile.Check

    private static func row(
        _ path: String, _ error: OutsideCheckError, _ checks: Check...
    ) -> Row { Row(path, .check(error)) { $0.gate.checks = checks } }

    static let checks: [Row] = [
        Row("gate.checks", .outOfRange(found: 9, allowed: 0...8)) {
            $0.gate.checks = (1...9).map { Check(name: "c\($0)", command: "x") }
        },
        Row("gate.checks[0].name", .malformed(.name, found: "error rate")) {
            $0.gate.checks = [Check(name: "error rate", command: "x")]
        },
        Row("gate.checks[1].name", .repeated("qa")) {
            $0.gate.checks = [Check(name: "qa", command: "x"), Check(name: "qa", command: "y")]
        },
        Row("gate.checks[0].command", .malformed(.name, found: "../x")) {
            $0.gate.checks = [Check(name: "qa", command: "../x")]
        },
        row("gate.checks[0]", .notOneQuestion([]), Check(name: "qa")),
        row(
            "gate.checks[0]", .notOneQuestion(["prometheus", "command"]),
            Check(name: "qa", prometheus: "up", command: "x", pass: "> 0")),
        row("gate.checks[0]", .passMissing, Check(name: "qa", prometheus: "up")),
        row(
            "gate.checks[0].pass", .passWithoutQuery, Check(name: "qa", command: "x", pass: "> 0")),
        row(
            "gate.checks[0].pass", .pass(found: "0.01"),
            Check(name: "qa", prometheus: "up", pass: "0.01")),
        row(
            "gate.checks[0].prometheus", .query(byteCount: 0),
            Check(name: "qa", prometheus: "", pass: "> 0")),
        row(
            "gate.checks[0].prometheus", .query(byteCount: 4097),
            Check(name: "qa", prometheus: String(repeating: "x", count: 4097), pass: "> 0")),
        row(
            "gate.checks[0].webhook", .address(found: "file:///etc/passwd"),
            Check(name: "qa", webhook: "file:///etc/passwd")),
        row(
            "gate.checks[0].every", .interval(found: "4s"),
            Check(name: "qa", command: "x", every: "4s")),
        row(
            "gate.checks[0].every", .interval(found: "61m"),
            Check(name: "qa", command: "x", every: "61m")),
        row(
            "gate.checks[0].timeout", .timeout(found: "0s"),
            Check(name: "qa", command: "x", timeout: "0s")),
        row(
            "gate.checks[0].timeout", .timeout(found: "61s"),
            Check(name: "qa", command: "x", timeout: "61s")),
    ]
}
