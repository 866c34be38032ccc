internal import JSON
internal import Orchestrator

extension OpenAPIOperations {
    static let rollouts: [OpenAPIOperation] = {
        var plan = operation(
            .post, "plans", "planRollout", "rollouts",
            "Show what a rollout file would do; change nothing.", .json(200, .schema("Plan")))
        plan.body = .json("RolloutFile")
        plan.refusals = [413, 422, 507]
        var list = operation(
            .get, "rollouts", "listRollouts", "rollouts",
            "A page of the rollouts, the newest first.", .json(200, .schema("RolloutPage")))
        list.parameters = [
            .query("state", "Only those in this state.", .schema("RolloutState")), .limit, .after,
        ]
        list.refusals = [404]
        var start = operation(
            .post, "rollouts", "startRollout", "rollouts",
            "Start exactly the plan that was shown.", .json(201, .schema("Rollout")))
        start.parameters = [.idempotencyKey]
        start.body = .json("StartRequest")
        start.refusals = [409, 413, 422, 507]
        start.hasTag = true
        start.hasLocation = true
        var one = operation(
            .get, "rollouts/{name}", "getRollout", "rollouts", "One rollout.",
            .json(200, .schema("Rollout")))
        one.refusals = [404]
        one.hasTag = true
        var explanation = operation(
            .get, "rollouts/{name}/explanation", "explainRollout", "rollouts",
            "Why the rollout is where it is.", .json(200, .schema("RolloutExplanation")))
        explanation.refusals = [404]
        return [plan, list, start, one, explanation]
    }()

    static let rolloutChanges: [OpenAPIOperation] =
        Orchestrator.Control.allCases.map {
            change($0.rawValue, summary(of: $0), nil)
        } + [
            change("approve", "Let the open wave be followed by the next.", nil),
            change("retry", "Let devices that failed try once more.", .json("FailureRequest")),
            change("forgive", "Set failures aside.", .json("FailureRequest")),
            change("resume-stratum", "Let one kind of devices in again.", .json("Stratum")),
        ] + reverts

    private static func summary(of control: Orchestrator.Control) -> String {
        switch control {
        case .pause: "Make no new offers, and take back those whose devices still download."
        case .resume: "Go on with the open wave, from the beginning of its soak."
        case .abort: "End the rollout for good."
        }
    }

    private static let reverts: [OpenAPIOperation] = {
        var plan = operation(
            .post, "rollouts/{name}/revert-plan", "planRevert", "rollouts",
            "Show what taking the rollout back would do; change nothing.",
            .json(200, .schema("Plan")))
        plan.body = .json("RevertRequest")
        plan.refusals = [404, 409, 413, 422, 507]
        var revert = operation(
            .post, "rollouts/{name}/revert", "revertRollout", "rollouts",
            "Stop the rollout, and start the one that takes its devices back.",
            .json(201, .schema("Rollout")))
        revert.parameters = [.ifMatch, .idempotencyKey]
        revert.body = .json("RevertRequest")
        revert.refusals = [404, 409, 412, 413, 422, 507]
        revert.hasTag = true
        revert.hasLocation = true
        return [plan, revert]
    }()

    private static func change(
        _ verb: String, _ summary: String, _ body: OpenAPIOperation.Body?
    ) -> OpenAPIOperation {
        var change = operation(
            .post, "rollouts/{name}/\(verb)", "\(verb)Rollout", "rollouts", summary,
            .json(200, .schema("Rollout")))
        change.parameters = [.ifMatch]
        change.body = body
        change.refusals = [404, 409, 412, 413, 422, 507]
        change.hasTag = true
        return change
    }
}
