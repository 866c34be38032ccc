internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// What the command line talks to: decode, one call, encode.
struct ManagementRoutes {
    let orchestrator: Orchestrator

    func add(to group: RouterGroup<WebServer.Context>) {
        addImages(to: group)
        addReleases(to: group)
        addDevices(to: group)
        addDeviceChanges(to: group)
        addRollouts(to: group)
        addRolloutChanges(to: group)
        addExplanations(to: group)
        addCohorts(to: group)
        InventoryRoutes(orchestrator: orchestrator).add(to: group)
    }

    private func addImages(to group: RouterGroup<WebServer.Context>) {
        group.head("images/{sha256}") { _, context in
            let isHere = try await orchestrator.hasImage(Self.digest(context))
            return Response(status: isHere ? .ok : .notFound)
        }
        group.put("images/{sha256}") { request, context in
            let digest = try Self.digest(context)
            if try await orchestrator.hasImage(digest) { return Response(status: .ok) }
            try await orchestrator.stage(
                digest, request.body.map { Array($0.readableBytesView) })
            return Response(status: .created)
        }
        group.post("metadata") { request, _ in
            let limit = orchestrator.metadataLimitBytes
            let submission: MetadataSubmission
            do {
                submission = try MetadataSubmission(
                    parsing: try await request.bytes(limitBytes: limit), limitBytes: limit)
            } catch let error as WireError { throw Refusal.malformed("\(error)") }
            return Response(
                ListAnswer(items: try await orchestrator.publish(submission)))
        }
    }

    private func addReleases(to group: RouterGroup<WebServer.Context>) {
        group.get("releases") { _, _ in
            Response(ListAnswer(items: try await orchestrator.releases()))
        }
        group.get("releases/{name}/{version}") { _, context in
            let name: ReleaseName = try Self.name("name", context)
            guard let version = Version(try context.parameters.require("version")) else {
                throw Refusal.malformed("the version in the path is not one")
            }
            return Response(
                try await orchestrator.release(ReleaseID(name: name, version: version)))
        }
    }

    private func addDevices(to group: RouterGroup<WebServer.Context>) {
        group.get("devices") { request, _ in
            let selector = request.uri.queryParameters["select"].map { String($0) }
            return Response(
                ListAnswer(items: try await orchestrator.devices(selecting: selector)))
        }
        group.get("devices/{id}") { _, context in
            Response(try await orchestrator.device(Self.name("id", context)))
        }
    }

    private func addDeviceChanges(to group: RouterGroup<WebServer.Context>) {
        group.post("devices/{id}/hold") { request, context in
            let hold: HoldRequest = try await read(request)
            return Response(
                try await orchestrator.change(
                    Self.name("id", context), .hold(reason: hold.reason),
                    by: context.requireOperator()))
        }
        group.post("devices/{id}/pin") { request, context in
            let pin: ReleaseRequest = try await read(request)
            guard let release = pin.release else {
                throw Refusal.malformed("release: expected a name and a version")
            }
            return Response(
                try await orchestrator.change(
                    Self.name("id", context), .pin(release), by: context.requireOperator()))
        }
        group.post("devices/{id}/accept-key") { request, context in
            let asked: KeyRequest = try await read(request)
            return Response(
                try await orchestrator.change(
                    Self.name("id", context), .acceptKey(asked.key),
                    by: context.requireOperator()))
        }
        group.post("devices/{id}/attributes") { request, context in
            let wanted: AttributesRequest = try await read(request)
            return Response(
                try await orchestrator.change(
                    Self.name("id", context), .setAttributes(wanted.changes),
                    by: context.requireOperator()))
        }
        group.post("devices/{id}/retire") { request, context in
            let wanted: RetireRequest = try await read(request)
            return Response(
                try await orchestrator.change(
                    Self.name("id", context), .retire(demandsWipe: wanted.demandsWipe),
                    by: context.requireOperator()))
        }
        let others: [(String, Orchestrator.DeviceChange)] = [
            ("resume", .resume), ("unpin", .unpin),
        ]
        for (verb, change) in others {
            group.post("devices/{id}/\(verb)") { _, context in
                Response(
                    try await orchestrator.change(
                        Self.name("id", context), change, by: context.requireOperator()))
            }
        }
    }

    private func addCohorts(to group: RouterGroup<WebServer.Context>) {
        group.get("cohorts") { _, _ in
            Response(ListAnswer(items: try await orchestrator.cohorts()))
        }
        group.get("cohorts/{name}") { _, context in
            Response(try await orchestrator.cohort(Self.name("name", context)))
        }
        group.put("cohorts/{name}") { request, context in
            Response(
                try await orchestrator.save(
                    read(request), as: Self.name("name", context), by: context.requireOperator()))
        }
    }

    private func addRollouts(to group: RouterGroup<WebServer.Context>) {
        group.post("plans") { request, _ in
            Response(try await orchestrator.plan(read(request)))
        }
        group.get("rollouts") { _, _ in
            Response(ListAnswer(items: try await orchestrator.rollouts()))
        }
        group.post("rollouts") { request, context in
            Response(
                try await orchestrator.start(read(request), by: context.requireOperator()),
                status: .created)
        }
        group.get("rollouts/{name}") { _, context in
            Response(try await orchestrator.rollout(Self.name("name", context)))
        }
    }

    private func addRolloutChanges(to group: RouterGroup<WebServer.Context>) {
        for control in Orchestrator.Control.allCases {
            group.post("rollouts/{name}/\(control.rawValue)") { _, context in
                Response(
                    try await orchestrator.control(
                        Self.name("name", context), control, by: context.requireOperator()))
            }
        }
        group.post("rollouts/{name}/approve") { _, context in
            Response(
                try await orchestrator.approve(
                    Self.name("name", context), by: context.requireOperator()))
        }
        group.post("rollouts/{name}/retry") { request, context in
            let wanted: RetryRequest = try await read(request)
            return Response(
                try await orchestrator.retry(
                    Self.name("name", context), Set(wanted.classes),
                    by: context.requireOperator()))
        }
        group.post("rollouts/{name}/forgive") { request, context in
            let wanted: RetryRequest = try await read(request)
            return Response(
                try await orchestrator.forgive(
                    Self.name("name", context), Set(wanted.classes),
                    by: context.requireOperator()))
        }
        group.post("rollouts/{name}/resume-stratum") { request, context in
            Response(
                try await orchestrator.resume(
                    Self.name("name", context), for: read(request),
                    by: context.requireOperator()))
        }
        addReverts(to: group)
    }

    private func addReverts(to group: RouterGroup<WebServer.Context>) {
        group.post("rollouts/{name}/revert-plan") { request, context in
            let wanted: ReleaseRequest = try await read(request)
            return Response(
                try await orchestrator.planRevert(
                    of: Self.name("name", context), to: wanted.release))
        }
        group.post("rollouts/{name}/revert") { request, context in
            let wanted: ReleaseRequest = try await read(request)
            return Response(
                try await orchestrator.revert(
                    Self.name("name", context), to: wanted.release,
                    by: context.requireOperator()), status: .created)
        }
    }

    private func addExplanations(to group: RouterGroup<WebServer.Context>) {
        group.get("devices/{id}/explanation") { request, context in
            let at = try request.uri.queryParameters["at"].map { text in
                guard let moment = Instant(String(text)) else {
                    throw Refusal.malformed("at: expected a moment such as 2026-03-01T12:00:00Z")
                }
                return moment
            }
            return Response(
                try await orchestrator.explain(
                    Self.name("id", context) as DeviceID, at: at))
        }
        group.get("rollouts/{name}/explanation") { _, context in
            Response(
                try await orchestrator.explain(Self.name("name", context) as RolloutName))
        }
    }

    private func read<Message: WireMessage>(_ request: Request) async throws -> Message {
        try await Self.read(request, orchestrator)
    }

    static func read<Message: WireMessage>(
        _ request: Request, _ orchestrator: Orchestrator
    ) async throws -> Message {
        let limit = orchestrator.requestLimitBytes
        let bytes = try await request.bytes(limitBytes: limit)
        do { return try Message(parsing: bytes, limitBytes: limit) } catch {
            throw Refusal.malformed("\(error)")
        }
    }

    static func name<N: Name>(
        _ parameter: String, _ context: WebServer.Context
    ) throws -> N {
        guard let name = N(try context.parameters.require(parameter)) else {
            throw Refusal.malformed("the \(parameter) in the path is not a name")
        }
        return name
    }

    private static func digest(_ context: WebServer.Context) throws -> Digest {
        guard let digest = Digest(hex: try context.parameters.require("sha256")) else {
            throw Refusal.malformed("the path does not end in a SHA-256")
        }
        return digest
    }
}
