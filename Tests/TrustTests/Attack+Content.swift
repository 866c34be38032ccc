import JSON
import Model
import Trust

/// Content that no client may take although those who should have signed it.
extension Attack {
    static func malformed(_ role: RoleName, _ problem: String) -> TrustError {
        .malformed(role, problem: problem)
    }

    // MARK: - Hostile content under good signatures

    static let contents: [Attack] = ([.root] + roles).flatMap { role in
        [
            ("another _type", ["_type"], "mirror", "_type: expected \"\(role.text)\""),
            ("no _type", ["_type"], nil, "_type: expected a string, found nothing"),
            ("a later spec_version", ["spec_version"], "2.0.0", "spec_version: expected 1.x"),
            ("spec_version 10", ["spec_version"], "10.0", "spec_version: expected 1.x"),
            (
                "a date without a zone", ["expires"], "2030-01-01T00:00:00",
                "expires: expected a time such as 2026-01-31T12:00:00Z"
            ),
            (
                "a date that is none", ["expires"], "2030-02-30T00:00:00Z",
                "expires: expected a time such as 2026-01-31T12:00:00Z"
            ),
            ("a number for a date", ["expires"], 5, "expires: expected a string, found a number"),
            (
                "version 0", ["version"], 0,
                "version: expected a number from 1 to \(Int64.max - 1)"
            ),
            (
                "a version after which there is none", ["version"], .integer(.max),
                "version: expected a number from 1 to \(Int64.max - 1)"
            ),
            (
                "a text for a version", ["version"], "5",
                "version: expected a number, found a string"
            ),
        ].map { (what: String, path: [String], value: JSONValue?, problem: String) in
            Attack("\(role) with \(what)", malformed(role, problem)) {
                try $0.publish(role) { $0.editing(path[0], to: value) }
            }
        }
    }

    static let shapes: [Attack] = [
        Attack("a timestamp that names nothing", malformed(.timestamp, onlySnapshot)) {
            try $0.publish(.timestamp) { $0.setting("meta", to: [:]) }
        },
        Attack("a timestamp that names something else as well", malformed(.timestamp, onlySnapshot))
        {
            try $0.publish(.timestamp) { $0.editing("meta", "x.json", to: ["version": 1]) }
        },
        Attack(
            "a timestamp that names something else",
            malformed(.timestamp, "meta.snapshot.json: expected an object, found nothing")
        ) { try $0.publish(.timestamp) { $0.setting("meta", to: ["x.json": ["version": 1]]) } },
        Attack(
            "an empty list of hashes",
            malformed(
                .timestamp, "meta.snapshot.json.hashes: expected at least one hash")
        ) {
            try $0.publish(.timestamp) { $0.editing("meta", "snapshot.json", "hashes", to: [:]) }
        },
        Attack(
            "a hash that is cut",
            malformed(
                .timestamp,
                "meta.snapshot.json.hashes.sha256: expected 64 lower-case hexadecimal digits")
        ) {
            try $0.publish(.timestamp) {
                $0.editing("meta", "snapshot.json", "hashes", to: ["sha256": "00ff"])
            }
        },
        Attack(
            "a negative length",
            malformed(
                .snapshot,
                "meta.targets.json.length: expected a number from 1 to \(Int64.max)")
        ) {
            try $0.publish(.snapshot) { $0.editing("meta", "targets.json", "length", to: -1) }
        },
        Attack(
            "a list of targets that is none",
            malformed(.targets, "targets: expected an object, found an array")
        ) {
            try $0.publish(.targets) { $0.setting("targets", to: []) }
        },
        Attack(
            "a target that is none",
            malformed(.targets, "targets.a: expected an object, found null")
        ) {
            try $0.publish(.targets) { $0.setting("targets", to: ["a": .null]) }
        },
    ]

    static let onlySnapshot = "meta: expected snapshot.json and nothing else"
}
