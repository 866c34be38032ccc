internal import Audit
internal import Model
internal import Orchestrator

extension SQLTransaction {
    private static let selectNewest = """
        SELECT * FROM cohorts c
            WHERE version = (SELECT max(version) FROM cohorts WHERE name = c.name) ORDER BY name
        """
    private static let selectVersions = "SELECT * FROM cohorts WHERE name = ?"
    private static let insertCohort = """
        INSERT INTO cohorts (name, version, selector, expanded, author, at_s)
            VALUES (?, ?, ?, ?, ?, ?)
        """

    func cohorts() throws -> [CohortRecord] {
        try rows(Self.selectNewest).map { try CohortRecord($0) }
    }

    func versions(of cohort: CohortName) throws -> [CohortRecord] {
        try rows("\(Self.selectVersions) ORDER BY version DESC", [cohort.text])
            .map { try CohortRecord($0) }
    }

    func cohort(_ version: CohortVersion) throws -> CohortRecord? {
        try rows(
            "\(Self.selectVersions) AND version = ?", [version.name.text, version.number]
        ).first.map { try CohortRecord($0) }
    }

    func newestVersion(of cohort: CohortName) throws -> CohortRecord? {
        try rows("\(Self.selectVersions) ORDER BY version DESC LIMIT 1", [cohort.text])
            .first.map { try CohortRecord($0) }
    }

    func add(_ cohort: CohortRecord) throws {
        let old = try newestVersion(of: cohort.version.name)
        try execute(
            Self.insertCohort,
            [
                cohort.version.name.text, cohort.version.number, cohort.selector, cohort.expanded,
                cohort.author.text, cohort.at.secondsSinceEpoch,
            ])
        try audit(
            .cohortSaved, AuditSubject(.cohort, cohort.version.name), from: old?.auditColumns,
            to: cohort.auditColumns)
    }
}

extension CohortRecord {
    fileprivate var auditColumns: [Column] {
        [
            Column("version", version.number), Column("selector", selector),
            Column("expanded", expanded), Column("author", author.text),
        ]
    }

    init(_ row: SQLRow) throws {
        let name = try row.value("name") { CohortName($0) }
        guard let version = CohortVersion(name: name, number: row["version"]) else {
            throw StoreError.failed("cohort \(name) has an impossible version")
        }
        self.init(
            version: version, selector: row["selector"], expanded: row["expanded"],
            author: try row.value("author") { OperatorName($0) }, at: row.instant("at_s"))
    }
}
