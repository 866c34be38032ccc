internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// What the command line talks to: decode, one call, encode.
struct ManagementRoutes {
    let orchestrator: Orchestrator
    let streams: StreamPlaces

    func add(to group: RouterGroup<WebServer.Context>) {
        addImages(to: group)
        UploadRoutes(orchestrator: orchestrator).add(to: group)
        addReleases(to: group)
        addDevices(to: group)
        addDeviceChanges(to: group)
        addRollouts(to: group)
        addRolloutChanges(to: group)
        addExplanations(to: group)
        addCohorts(to: group)
        InventoryRoutes(orchestrator: orchestrator).add(to: group)
        addEvents(to: group)
        addWebHooks(to: group)
        AuditRoutes(orchestrator: orchestrator).add(to: group)
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
        group.post("metadata") { request, context in
            let limit = orchestrator.metadataLimitBytes
            let submission: MetadataSubmission
            do {
                submission = try MetadataSubmission(
                    parsing: try await request.bytes(limitBytes: limit), limitBytes: limit)
            } catch let error as WireError {
                // That a role comes twice no schema can forbid, so it is understood.
                if case .shape = error { throw Refusal.invalid("\(error)") }
                throw Refusal.unreadable(error)
            }
            return Response(
                ListAnswer(
                    items: try await orchestrator.publish(
                        submission, by: context.requireOperator())))
        }
    }

    private func addReleases(to group: RouterGroup<WebServer.Context>) {
        group.get("releases") { request, _ in
            Response(
                try await orchestrator.releases(
                    after: request.query("after") { ReleaseID($0) }, limit: request.pageLimit()))
        }
        group.get("releases/{name}/{version}") { _, context in
            let name: ReleaseName = try Self.name("name", context)
            guard let version = Version(try context.parameter("version")) else {
                throw Refusal.malformed("the version in the path is not one")
            }
            return Response(
                try await orchestrator.release(ReleaseID(name: name, version: version)))
        }
    }

    private func addDevices(to group: RouterGroup<WebServer.Context>) {
        group.get("devices") { request, _ in
            let query = DeviceQuery(
                selector: try request.query("select"),
                standing: try request.query("lifecycle") { DeviceQuery.Standing(rawValue: $0) },
                hardware: try request.query("hardware") { HardwareModel($0) })
            return Response(
                try await orchestrator.devices(
                    query, after: request.query("after") { DeviceID($0) },
                    limit: request.pageLimit()))
        }
        group.get("devices/{id}") { _, context in
            answer(try await orchestrator.device(Self.name("id", context)))
        }
    }

    private func addDeviceChanges(to group: RouterGroup<WebServer.Context>) {
        group.post("devices/{id}/hold") { request, context in
            let hold: HoldRequest = try await read(request)
            return try await change(.hold(reason: hold.reason), request, context)
        }
        group.post("devices/{id}/pin") { request, context in
            let pin: ReleaseRequest = try await read(request)
            guard let release = pin.release else {
                throw Refusal.malformed("release: expected a name and a version")
            }
            return try await change(.pin(release), request, context)
        }
        group.post("devices/{id}/accept-key") { request, context in
            let asked: KeyRequest = try await read(request)
            guard let key = asked.key else {
                throw Refusal.invalid("public_key: there is no such Ed25519 key")
            }
            return try await change(.acceptKey(key), request, context)
        }
        group.post("devices/{id}/attributes") { request, context in
            let wanted: AttributesRequest = try await read(request)
            return try await change(.setAttributes(wanted.changes), request, context)
        }
        group.post("devices/{id}/retire") { request, context in
            let bytes = try await request.bytes(limitBytes: orchestrator.requestLimitBytes)
            let wanted = try bytes.isEmpty ? RetireRequest(demandsWipe: false) : message(in: bytes)
            return try await change(
                .retire(demandsWipe: wanted.demandsWipe), request, context)
        }
        let others: [(String, Orchestrator.DeviceChange)] = [
            ("resume", .resume), ("unpin", .unpin),
        ]
        for (verb, change) in others {
            group.post("devices/{id}/\(verb)") { request, context in
                try await self.change(change, request, context)
            }
        }
    }

    private func change(
        _ change: Orchestrator.DeviceChange, _ request: Request, _ context: WebServer.Context
    ) async throws -> Response {
        answer(
            try await orchestrator.change(
                Self.name("id", context), change, by: context.requireOperator(),
                if: request.precondition()))
    }

    private func answer(_ device: DeviceSummary) -> Response {
        Response(device, headers: .tagged(orchestrator.tag(of: device)))
    }

    private func addCohorts(to group: RouterGroup<WebServer.Context>) {
        group.get("cohorts") { request, _ in
            Response(
                try await orchestrator.cohorts(
                    after: request.query("after") { CohortName($0) }, limit: request.pageLimit()))
        }
        group.get("cohorts/{name}") { _, context in
            let cohort = try await orchestrator.cohort(Self.name("name", context))
            return Response(cohort, headers: .tagged(cohort.tag))
        }
        // Without If-Match it is taken too: a version is only ever added, and none is lost.
        group.put("cohorts/{name}") { request, context in
            let (wanted, key): (CohortRequest, _) = try await readOnce(request, context)
            let cohort = try await orchestrator.save(
                wanted, as: Self.name("name", context), by: context.requireOperator(),
                if: request.precondition(), once: key)
            return Response(cohort, headers: .tagged(cohort.tag))
        }
    }

    private func addRollouts(to group: RouterGroup<WebServer.Context>) {
        group.post("plans") { request, context in
            let file: RolloutFile = try await read(request)
            try await orchestrator.requireReach(of: context.requirePrincipal(), over: file)
            return Response(try await orchestrator.plan(file))
        }
        group.get("rollouts") { request, _ in
            Response(
                try await orchestrator.rollouts(
                    in: request.query("state") { RolloutStateWord(rawValue: $0) },
                    olderThan: request.query("after") { RolloutName($0) },
                    limit: request.pageLimit()))
        }
        group.post("rollouts") { request, context in
            let (wanted, key): (StartRequest, _) = try await readOnce(request, context)
            try await orchestrator.requireReach(
                of: context.requirePrincipal(), over: wanted.file)
            return Response(
                try await orchestrator.start(wanted, by: context.requireOperator(), once: key),
                isNew: true)
        }
        group.get("rollouts/{name}") { _, context in
            Response(try await orchestrator.rollout(Self.name("name", context)))
        }
    }

    private func addRolloutChanges(to group: RouterGroup<WebServer.Context>) {
        for control in Orchestrator.Control.allCases {
            group.post("rollouts/{name}/\(control.rawValue)") { request, context in
                Response(
                    try await orchestrator.control(
                        Self.name("name", context), control, by: context.requireOperator(),
                        if: request.precondition()))
            }
        }
        group.post("rollouts/{name}/approve") { request, context in
            Response(
                try await orchestrator.approve(
                    Self.name("name", context), by: context.requireOperator(),
                    if: request.precondition()))
        }
        group.post("rollouts/{name}/retry") { request, context in
            let wanted: RetryRequest = try await read(request)
            return Response(
                try await orchestrator.retry(
                    Self.name("name", context), Set(wanted.classes),
                    by: context.requireOperator(), if: request.precondition()))
        }
        group.post("rollouts/{name}/forgive") { request, context in
            let wanted: RetryRequest = try await read(request)
            return Response(
                try await orchestrator.forgive(
                    Self.name("name", context), Set(wanted.classes),
                    by: context.requireOperator(), if: request.precondition()))
        }
        group.post("rollouts/{name}/resume-stratum") { request, context in
            Response(
                try await orchestrator.resume(
                    Self.name("name", context), for: read(request),
                    by: context.requireOperator(), if: request.precondition()))
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
            let (wanted, key): (ReleaseRequest, _) = try await readOnce(request, context)
            return Response(
                try await orchestrator.revert(
                    Self.name("name", context), to: wanted.release,
                    by: context.requireOperator(), if: request.precondition(), once: key),
                isNew: true)
        }
    }

    private func addExplanations(to group: RouterGroup<WebServer.Context>) {
        group.get("devices/{id}/explanation") { request, context in
            let at = try request.query("at").map { text in
                guard let moment = Instant(text) else {
                    throw Refusal.invalid("at: expected a moment such as 2026-03-01T12:00:00Z")
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

    func read<Message: WireMessage>(_ request: Request) async throws -> Message {
        try await request.message(limitBytes: orchestrator.requestLimitBytes)
    }

    /// Reads what is asked for, and the key under which it is done once.
    func readOnce<Message: WireMessage>(
        _ request: Request, _ context: WebServer.Context
    ) async throws -> (Message, RequestKey?) {
        let bytes = try await request.bytes(limitBytes: orchestrator.requestLimitBytes)
        return (
            try message(in: bytes),
            try request.requestKey(bytes, by: context.requireOperator(), orchestrator)
        )
    }

    private func message<Message: WireMessage>(in bytes: [UInt8]) throws(Refusal) -> Message {
        do {
            return try Message(parsing: bytes, limitBytes: orchestrator.requestLimitBytes)
        } catch { throw .unreadable(error) }
    }

    static func name<N: Name>(
        _ parameter: String, _ context: WebServer.Context
    ) throws -> N {
        guard let name = N(try context.parameter(parameter)) else {
            throw Refusal.malformed("the \(parameter) in the path is not a name")
        }
        return name
    }

    static func digest(_ context: WebServer.Context) throws -> Digest {
        guard let digest = Digest(hex: try context.parameter("sha256")) else {
            throw Refusal.malformed("the path does not end in a SHA-256")
        }
        return digest
    }
}
