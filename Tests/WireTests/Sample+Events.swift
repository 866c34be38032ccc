import JSON
import Model
import Wire

extension Sample {
    static func events() throws -> [Sample] {
        let event = EventSummary(
            number: 7, at: at(9), device: try name("one"), rollout: try name("r-1"),
            what: "offered")
        let about: Set = ["device", "rollout"]
        return [
            try Sample("event", event, optional: about),
            try Sample(
                "page of events", ListAnswer(items: [event], next: "7"),
                optional: Set(about.map { "items[0].\($0)" }).union(["next"])),
            try Sample(
                "web hook",
                WebHookSummary(
                    id: name("wh-1"), url: "https://hooks.example.com/a", kinds: [.device],
                    author: name("ada"), created: at(1), position: 7, failures: 2,
                    problem: "it answers 500", deadLetters: 1, secret: "0123456789abcdef"),
                optional: ["kinds", "problem", "secret"]),
            try Sample(
                "web hook request",
                WebHookRequest(
                    url: "https://hooks.example.com/a", kinds: [.device, .fleet],
                    secret: "0123456789abcdef"),
                optional: ["kinds", "secret"]),
            try Sample(
                "dead letter",
                DeadLetter(event: event, at: at(10), attempts: 3, problem: "it answers 500"),
                optional: Set(about.map { "event.\($0)" })),
            try Sample(
                "redelivery request", RedeliveryRequest(number: 7), optional: ["number"]),
            try Sample("redelivery", Redelivery(count: 2)),
        ]
    }
}
