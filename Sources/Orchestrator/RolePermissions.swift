public import Model

/// The one table of what each role may do.
extension AccessRole {
    public var permissions: Set<Permission> {
        switch self {
        case .viewer: [.readFleet]
        case .operator:
            [
                .readFleet, .changeDevices, .admitDevices, .retireDevices, .changeCohorts,
                .planRollouts, .startRollouts, .controlRollouts, .readAudit,
            ]
        case .approver: [.readFleet, .approveRollouts, .readAudit]
        case .publisher: [.readFleet, .publishReleases]
        case .admin: Set(Permission.allCases)
        }
    }
}

extension Permission {
    /// Whether its use can be bounded to the devices of cohorts.
    ///
    /// What cannot be is refused to a token that is: such a token must not save cohorts, since it
    /// could save its own anew.
    var staysWithinCohorts: Bool {
        switch self {
        case .readFleet, .changeDevices, .admitDevices, .retireDevices, .planRollouts,
            .startRollouts, .controlRollouts, .approveRollouts:
            true
        case .changeCohorts, .publishReleases, .readAudit, .manageTokens, .manageEnrolment,
            .manageWebHooks:
            false
        }
    }
}
