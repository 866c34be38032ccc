internal import JSON
internal import Orchestrator

/// The operations of the management interface, in the order in which people read of them.
enum OpenAPIOperations {
    static let all: [OpenAPIOperation] =
        [document] + devices + deviceChanges + inventory + releases + images + uploads + cohorts
        + rollouts
        + rolloutChanges + events + webHooks + access + audit

    static let root = "/api/v1/"

    private static let document: OpenAPIOperation = {
        var document = operation(
            .get, "openapi.json", "openapi", "about", "This document.",
            .json(200, ["type": "object"]))
        document.isPublic = true
        return document
    }()

    // MARK: Devices

    private static let devices: [OpenAPIOperation] = {
        var list = operation(
            .get, "devices", "listDevices", "devices", "A page of the devices, by id.",
            .json(200, .schema("DevicePage")))
        list.parameters = [
            .query("select", "Only those that this selector picks.", .schema("SelectorText")),
            .query(
                "lifecycle", "Only those in this state.",
                ["type": "string", "enum": ["active", "held", "quarantined", "retired"]]),
            .query("hardware", "Only those of this model.", .schema("Name")),
            .limit, .after,
        ]
        list.refusals = [422]
        var one = operation(
            .get, "devices/{id}", "getDevice", "devices",
            "One device, with the rule by which each rollout decides for it.",
            .json(200, .schema("Device")))
        one.refusals = [404]
        one.hasTag = true
        var explanation = operation(
            .get, "devices/{id}/explanation", "explainDevice", "devices",
            "Why the device is, or was, offered what it is offered.",
            .json(200, .schema("DeviceExplanation")))
        explanation.parameters = [
            .query("at", "The moment that is explained; now by default.", .schema("Moment"))
        ]
        explanation.refusals = [404, 422]
        return [list, one, explanation]
    }()

    private static let deviceChanges: [OpenAPIOperation] = [
        deviceChange("hold", "Let nothing be installed on it.", .json("HoldRequest")),
        deviceChange("pin", "Let it have one release only.", .json("PinRequest")),
        deviceChange(
            "accept-key", "Let it enrol again with the key that it shows.", .json("KeyRequest")),
        deviceChange("resume", "End a hold and a quarantine.", nil),
        deviceChange("unpin", "Let it have any release again.", nil),
        deviceChange(
            "attributes", "Set attributes, which win over what it says of itself.",
            .json("AttributesRequest")),
        deviceChange("retire", "Take it out of the fleet for good.", .perhaps("RetireRequest")),
    ]

    private static func deviceChange(
        _ verb: String, _ summary: String, _ body: OpenAPIOperation.Body?
    ) -> OpenAPIOperation {
        var change = operation(
            .post, "devices/{id}/\(verb)", "\(verb)Device", "devices", summary,
            .json(200, .schema("Device")))
        change.body = body
        change.parameters = [.ifMatch]
        change.refusals = [404, 409, 412, 413, 422, 507]
        change.hasTag = true
        return change
    }

    // MARK: Releases and images

    private static let releases: [OpenAPIOperation] = {
        var list = operation(
            .get, "releases", "listReleases", "releases", "A page of the releases, by name.",
            .json(200, .schema("ReleasePage")))
        list.parameters = [
            .limit, .query("after", "The `next` of the page before.", .schema("ReleaseRequest")),
        ]
        var one = operation(
            .get, "releases/{name}/{version}", "getRelease", "releases", "One release.",
            .json(200, .schema("ReleaseSummary")))
        one.refusals = [404]
        return [list, one]
    }()

    private static let images: [OpenAPIOperation] = {
        var head = operation(
            .head, "images/{sha256}", "hasImage", "releases",
            "Whether the server has the image.", .empty(200))
        head.refusals = [404]
        var put = OpenAPIOperation(
            .put, "\(root)images/{sha256}", "putImage", "releases",
            "Send an image; what is there already is not taken again.",
            answers: [.empty(200), .empty(201)])
        put.body = .bytes
        put.refusals = [409, 413, 422, 507]
        var publish = operation(
            .post, "metadata", "publish", "releases",
            "Publish signed metadata whose images the server has, all of it or none.",
            .json(200, .schema("ReleaseList")))
        publish.body = .json("MetadataSubmission")
        publish.refusals = [409, 413, 422, 507]
        return [head, put, publish]
    }()

    // MARK: Cohorts

    private static let cohorts: [OpenAPIOperation] = {
        var list = operation(
            .get, "cohorts", "listCohorts", "cohorts", "A page of the cohorts, by name.",
            .json(200, .schema("CohortPage")))
        list.parameters = [.limit, .after]
        var one = operation(
            .get, "cohorts/{name}", "getCohort", "cohorts",
            "All versions of a cohort, and how many devices the newest picks now.",
            .json(200, .schema("CohortHistory")))
        one.refusals = [404]
        one.hasTag = true
        var put = operation(
            .put, "cohorts/{name}", "saveCohort", "cohorts",
            "Save a selector as the cohort's next version.", .json(200, .schema("Cohort")))
        put.parameters = [.ifMatch, .idempotencyKey]
        put.body = .json("CohortRequest")
        put.refusals = [412, 413, 422, 507]
        put.hasTag = true
        return [list, one, put]
    }()

    static func operation(
        _ method: OpenAPIOperation.Method, _ path: String, _ id: String, _ tag: String,
        _ summary: String, _ answer: OpenAPIOperation.Answer
    ) -> OpenAPIOperation {
        OpenAPIOperation(method, root + path, id, tag, summary, answers: [answer])
    }
}

extension OpenAPIParameter {
    static let ifMatch = header(
        "If-Match", "Do it only while the ETag is still this one, or any with *.",
        ["type": "string", "pattern": #"^(\*|"[!#-~]{1,64}")$"#])

    static let idempotencyKey = header(
        "Idempotency-Key",
        "Chosen anew for each effect; the same key with the same request is answered as before for"
            + " a day, and has no second effect.",
        ["type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"])
}
