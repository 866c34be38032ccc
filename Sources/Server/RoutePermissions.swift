internal import Hummingbird
internal import Model
internal import Orchestrator

/// What one management route needs; a route that is not in ``all`` is refused.
struct RoutePermission: Hashable, Sendable {
    let method: HTTPRequest.Method
    /// As the route is added, after `/api/v1/`.
    let path: String
    /// `nil` for whoever shows a token that is good.
    let permission: Permission?
    let change: Change

    /// What a request changes, as far as its path tells.
    enum Change: Hashable, Sendable {
        case nothing
        /// The device `{id}`.
        case device
        /// The rollout `{name}`.
        case rollout
        /// It only ends what the rollout `{name}` does.
        case endOfRollout
        /// It takes back what the rollout `{name}` brought.
        case revertOfRollout
        /// What the rollout file in the body reaches; the route itself asks whether it may.
        case rolloutFile
        /// More than devices of one cohort.
        case everything
    }

    init(
        _ method: HTTPRequest.Method, _ path: String, _ permission: Permission?, _ change: Change
    ) {
        self.method = method
        self.path = path
        self.permission = permission
        self.change = change
    }

    /// The one table of who may call what.
    static let all: [RoutePermission] = [
        RoutePermission(.get, "whoami", nil, .nothing),

        RoutePermission(.head, "images/{sha256}", .publishReleases, .nothing),
        RoutePermission(.put, "images/{sha256}", .publishReleases, .everything),
        RoutePermission(.options, "uploads", .publishReleases, .nothing),
        RoutePermission(.post, "uploads", .publishReleases, .everything),
        RoutePermission(.head, "uploads/{sha256}", .publishReleases, .nothing),
        RoutePermission(.patch, "uploads/{sha256}", .publishReleases, .everything),
        RoutePermission(.delete, "uploads/{sha256}", .publishReleases, .everything),
        RoutePermission(.post, "uploads/{sha256}", .publishReleases, .everything),
        RoutePermission(.post, "metadata", .publishReleases, .everything),
        RoutePermission(.get, "releases", .readFleet, .nothing),
        RoutePermission(.get, "releases/{name}/{version}", .readFleet, .nothing),

        RoutePermission(.get, "devices", .readFleet, .nothing),
        RoutePermission(.get, "devices/{id}", .readFleet, .nothing),
        RoutePermission(.get, "devices/{id}/explanation", .readFleet, .nothing),
        RoutePermission(.post, "devices/{id}/hold", .changeDevices, .device),
        RoutePermission(.post, "devices/{id}/resume", .changeDevices, .device),
        RoutePermission(.post, "devices/{id}/pin", .changeDevices, .device),
        RoutePermission(.post, "devices/{id}/unpin", .changeDevices, .device),
        RoutePermission(.post, "devices/{id}/accept-key", .admitDevices, .device),
        RoutePermission(.post, "devices/{id}/attributes", .changeDevices, .device),
        RoutePermission(.post, "devices/{id}/retire", .retireDevices, .device),

        RoutePermission(.get, "inventory", .readFleet, .nothing),
        RoutePermission(.post, "inventory", .admitDevices, .everything),
        RoutePermission(.get, "inventory/applications", .readFleet, .nothing),
        RoutePermission(.post, "inventory/{id}/accept-key", .admitDevices, .everything),
        RoutePermission(.delete, "inventory/{id}", .admitDevices, .everything),

        RoutePermission(.get, "cohorts", .readFleet, .nothing),
        RoutePermission(.get, "cohorts/{name}", .readFleet, .nothing),
        RoutePermission(.put, "cohorts/{name}", .changeCohorts, .everything),

        RoutePermission(.post, "plans", .planRollouts, .rolloutFile),
        RoutePermission(.get, "rollouts", .readFleet, .nothing),
        RoutePermission(.get, "rollouts/{name}", .readFleet, .nothing),
        RoutePermission(.get, "rollouts/{name}/explanation", .readFleet, .nothing),
        RoutePermission(.post, "rollouts", .startRollouts, .rolloutFile),
        RoutePermission(.post, "rollouts/{name}/pause", .controlRollouts, .endOfRollout),
        RoutePermission(.post, "rollouts/{name}/abort", .controlRollouts, .endOfRollout),
        RoutePermission(.post, "rollouts/{name}/resume", .controlRollouts, .rollout),
        RoutePermission(.post, "rollouts/{name}/resume-stratum", .controlRollouts, .rollout),
        RoutePermission(.post, "rollouts/{name}/retry", .controlRollouts, .rollout),
        RoutePermission(.post, "rollouts/{name}/forgive", .controlRollouts, .rollout),
        RoutePermission(.post, "rollouts/{name}/approve", .approveRollouts, .rollout),
        RoutePermission(.post, "rollouts/{name}/revert-plan", .planRollouts, .revertOfRollout),
        RoutePermission(.post, "rollouts/{name}/revert", .startRollouts, .revertOfRollout),

        RoutePermission(.get, "events", .readFleet, .nothing),
        RoutePermission(.get, "events/stream", .readFleet, .nothing),

        RoutePermission(.get, "webhooks", .manageWebHooks, .nothing),
        RoutePermission(.post, "webhooks", .manageWebHooks, .everything),
        RoutePermission(.get, "webhooks/{webhook}", .manageWebHooks, .nothing),
        RoutePermission(.delete, "webhooks/{webhook}", .manageWebHooks, .everything),
        RoutePermission(.get, "webhooks/{webhook}/dead-letters", .manageWebHooks, .nothing),
        RoutePermission(.post, "webhooks/{webhook}/redeliver", .manageWebHooks, .everything),

        RoutePermission(.get, "audit", .readAudit, .nothing),
        RoutePermission(.get, "audit/checkpoint", .readAudit, .nothing),
        RoutePermission(.post, "audit/checkpoint", .readAudit, .everything),

        RoutePermission(.get, "tokens", .manageTokens, .nothing),
        RoutePermission(.post, "tokens", .manageTokens, .everything),
        RoutePermission(.post, "tokens/{id}/revoke", .manageTokens, .everything),
        RoutePermission(.get, "enrolment-tokens", .manageEnrolment, .nothing),
        RoutePermission(.post, "enrolment-tokens", .manageEnrolment, .everything),
        RoutePermission(.post, "enrolment-tokens/{id}/revoke", .manageEnrolment, .everything),
    ]

    static let prefix = "/api/v1/"

    private struct Key: Hashable {
        let method: HTTPRequest.Method
        let path: String
    }

    private static let byRoute = Dictionary(
        all.map { (Key(method: $0.method, path: $0.path), $0) },
        uniquingKeysWith: { first, _ in first })

    /// What a route needs; `nil` for one that nobody thought of.
    ///
    /// Whoever may get something may ask for its head.
    ///
    /// - Parameter path: The whole template, such as `/api/v1/devices/{id}`.
    static func of(_ method: HTTPRequest.Method, _ path: String) -> RoutePermission? {
        guard path.hasPrefix(prefix) else { return nil }
        let path = String(path.dropFirst(prefix.count))
        let own = byRoute[Key(method: method, path: path)]
        return own ?? (method == .head ? byRoute[Key(method: .get, path: path)] : nil)
    }
}
