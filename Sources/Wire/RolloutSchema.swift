public import JSON
internal import Model

/// The rollout file as a JSON schema (draft 2020-12), for editors that check YAML while one types.
public enum RolloutSchema {
    public static let value: JSONValue = [
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Slipway rollout",
        "type": "object",
        "required": ["rollout", "release", "devices", "waves"],
        "additionalProperties": false,
        "properties": [
            "rollout": text("The rollout's name; unique for ever on its server."),
            "release": text("A name and a version, such as acme-gateway 2.4.1."),
            "devices": text("A selector: which devices get the release."),
            "waves": [
                "type": "array", "minItems": 1, "maxItems": 32, "items": wave,
                "description": "How far the rollout reaches, step by step.",
            ],
            "gate": object("When a wave may be followed by the next.", gate),
            "limits": object("What no moment of the rollout may exceed.", limits),
            "retries": object("How often devices that failed are tried again.", retries),
            "priority": [
                "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, "emergency"],
                "description": "Who decides for a device first; 5 by default.",
            ],
            "supersedes": [
                "description": "Unfinished rollouts that end when this one starts.",
                "oneOf": [
                    ["const": "older", "description": "Those with an older version."],
                    list("Rollouts by name.", 100),
                ],
            ],
            "on_failure": [
                "enum": ["pause", "revert"], "description": "What evidence of harm does.",
            ],
            "revert_to": text("The release that a revert goes back to."),
            "expires": text("How long after its start the rollout ends by itself, such as 14d."),
            "defer_for": text(
                "How long after an offer somebody at the device may put off the restart; 24h."),
        ],
    ]

    private static let wave = object(
        "One wave: exactly one of sample, count, percent, devices and list.",
        [
            "name": text("Unique in the rollout."),
            "sample": count("So many devices, spread over the strata.", 1...10_000),
            "strata": list("Attributes over whose values a sample is spread.", 8),
            "count": count("So many devices, in the fleet's stable order.", 1...10_000),
            "percent": numberOrText("Cumulative, of all devices that the selector picks."),
            "devices": text("A selector among the rollout's devices."),
            "list": list("Devices by name.", 10_000),
            "soak": text("How long the wave must stay healthy, such as 24h."),
            "approval": [
                "enum": ["required", "none"],
                "description": "Whether somebody other than the author has to approve.",
            ],
            "rate": object(
                "How fast leases are taken while this wave is the open one.", rate,
                required: ["start"]),
        ], required: ["name"])

    private static let rate: JSONValue = [
        "start": text("Such as 60/min."), "factor": count("By which the rate grows.", 1...100),
        "every": text("After so many proven devices, such as 500 confirmed."),
        "max": text("Such as 5000/min."),
    ]

    private static let gate: JSONValue = [
        "max_failure_rate": numberOrText("More failures than this stop the wave, such as 2%."),
        "confidence": numberOrText("How sure the gate has to be, such as 95%."),
        "min_confirmed": count("Proven devices before a wave may be followed.", 1...1_000_000),
        "require": [
            "enum": ["no_evidence_of_harm", "evidence_of_health"],
            "description": "What has to be shown.",
        ],
        "overdue_after": text("Silence that counts as failure, such as 2h."),
        "per_class": object(
            "Classes of failures that are counted by themselves.",
            [
                "refused": numberOrText("Such as 1%."), "download": numberOrText("Such as 10%."),
                "install": numberOrText("Such as 1%."), "boot": numberOrText("Such as 1%."),
                "health": numberOrText("Such as 1%."), "overdue": numberOrText("Such as 5%."),
            ]),
        "checks": [
            "type": "array", "maxItems": 8, "items": check,
            "description": "Questions to somebody outside; what is not known holds the wave.",
        ],
    ]

    private static let retries: JSONValue = [
        "max": count("Tries after the first; 3 by default.", 0...20),
        "backoff": text("The first pause, such as 10m; each next one is twice as long."),
        "classes": [
            "type": "array", "uniqueItems": true,
            "items": ["enum": .array(FailureClass.allCases.map { .string($0.rawValue) })],
            "description": "After what; download, install and overdue by default.",
        ],
    ]

    private static let check = object(
        "One question: exactly one of prometheus (with pass), webhook and command.",
        [
            "name": text("Unique in the gate."),
            "prometheus": text("A query in PromQL, at most 4096 bytes."),
            "webhook": text("An address that is told of the wave and answers."),
            "command": text("A program in the server's folder of gate commands."),
            "pass": text("What every sample has to satisfy, such as < 0.01."),
            "every": text("How often it is asked, 5s to 1h; 30s by default."),
            "timeout": text("How long an answer may take, 1s to 60s; 10s by default."),
        ], required: ["name"])

    private static let limits: JSONValue = [
        "concurrent": count("Devices that update at once.", 1...1_000_000),
        "per": [
            "type": "object", "additionalProperties": numberOrText("Such as 25% or 3."),
            "description": "Of the devices that share an attribute's value, how many at once.",
        ],
        "never_together": list("Attributes whose equals never update at the same time.", 8),
        "window": object(
            "When leases are taken, in local time.",
            [
                "days": text("Such as mon-fri; every day by default."),
                "from": text("Such as 01:00."), "to": text("Such as 05:00."),
                "zone": text("device, site, or a name such as Europe/Berlin."),
            ], required: ["from", "to", "zone"]),
        "egress": text("Bytes that are offered, such as 200 GB/day."),
    ]

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func numberOrText(_ description: String) -> JSONValue {
        ["type": ["string", "number"], "description": .string(description)]
    }

    private static func count(_ description: String, _ range: ClosedRange<Int64>) -> JSONValue {
        [
            "type": "integer", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound), "description": .string(description),
        ]
    }

    private static func list(_ description: String, _ maximum: Int64) -> JSONValue {
        [
            "type": "array", "items": ["type": "string"], "uniqueItems": true,
            "maxItems": .integer(maximum), "description": .string(description),
        ]
    }

    private static func object(
        _ description: String, _ properties: JSONValue, required: JSONValue = []
    ) -> JSONValue {
        [
            "type": "object", "additionalProperties": false, "properties": properties,
            "required": required, "description": .string(description),
        ]
    }
}
