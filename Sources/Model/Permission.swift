/// One thing that somebody may do by the management interface; the raw value is its word there.
public enum Permission: String, Hashable, Sendable, CaseIterable {
    /// Look at devices, releases, cohorts and rollouts.
    case readFleet = "fleet.read"
    /// Hold, resume, pin and unpin devices.
    case changeDevices = "devices.change"
    /// Let devices in: accept keys, and devices that wait for somebody's word.
    case admitDevices = "devices.admit"
    case retireDevices = "devices.retire"
    /// Save selectors under names.
    case changeCohorts = "cohorts.change"
    case planRollouts = "rollouts.plan"
    case startRollouts = "rollouts.start"
    /// Pause, resume and abort rollouts, and decide about devices that failed.
    case controlRollouts = "rollouts.control"
    case approveRollouts = "rollouts.approve"
    /// Upload images, and metadata that names them.
    case publishReleases = "releases.publish"
    case readAudit = "audit.read"
    /// Make, list and revoke tokens of people and machines.
    case manageTokens = "tokens.manage"
    /// Make, list and revoke enrolment tokens, and lists of devices that may enrol.
    case manageEnrolment = "enrolment.manage"
    case manageWebHooks = "webhooks.manage"
}

/// What a person or machine is there for.
public enum AccessRole: String, Hashable, Sendable, CaseIterable {
    case viewer
    case `operator`
    case approver
    case publisher
    case admin
}
