internal import Audit
public import Model
internal import Rollouts
public import Wire

extension Orchestrator {
    /// Saves `selector` as the cohort's next version; what is its newest already stores nothing.
    ///
    /// - Throws: ``Refusal/invalid(_:)`` when it is no selector, or names what no device has.
    public func save(
        _ request: CohortRequest, as name: CohortName, by author: OperatorName,
        if precondition: Precondition = .none, once key: RequestKey? = nil
    ) async throws(Refusal) -> CohortSummary {
        let moment = now()
        return try await write(as: .operator(author), at: moment, once: key) { store in
            let newest = try store.newestVersion(of: name)
            try precondition.check(newest?.summary.tag)
            let selector = try selector(request.selector, store)
            if let newest, newest.holds(selector) { return newest.summary }
            try Self.refuseUnknownWords(of: selector, store)
            guard let version = CohortVersion(name: name, number: 1 + (newest?.version.number ?? 0))
            else { throw Refusal.invalid("cohort \(name) has too many versions") }
            let cohort = CohortRecord(
                version: version, selector: selector.text, expanded: selector.expandedText,
                author: author, at: moment)
            try store.add(cohort)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "cohort \(name): version \(version.number) saved by \(author)"))
            return cohort.summary
        }
    }

    /// All versions of a cohort, and how many devices that are not retired the newest picks now.
    public func cohort(_ name: CohortName) async throws(Refusal) -> CohortHistory {
        let context = context(at: now())
        return try await readFleet { store in
            let versions = try store.versions(of: name)
            guard let newest = versions.first else {
                throw Refusal.unknown("there is no cohort called \(name)")
            }
            let selector = try Self.selector(newest.expanded, .expanded)
            var devices = 0
            try store.forEachDevice {
                if $0.standing != .retired, selector.matches($0, in: context) { devices += 1 }
            }
            return CohortHistory(
                name: name, devices: devices, versions: versions.map(\.summary))
        }
    }

    /// An attribute that no device has is misspelt; in an empty fleet nobody can tell.
    static func refuseUnknownWords(of selector: Selector, _ store: any StoreReader) throws {
        // Each is looked for by itself: nobody reads a whole fleet to find that all are there.
        guard
            try selector.unknownWords(besides: []).contains(where: {
                try !store.hasAttribute($0.name)
            })
        else { return }
        var known: Set<String> = []
        try store.forEachDevice { known.formUnion($0.attributes.values.keys) }
        if !known.isEmpty, let word = selector.unknownWords(besides: known).first {
            throw Refusal.invalid("the selector: column \(word.column): \(word)")
        }
    }
}

// MARK: - Selectors that name cohorts

extension Orchestrator {
    /// Reads a selector with the cohorts as they are saved now.
    func selector(_ text: String, _ store: any StoreReader) throws -> Selector {
        let references = try Self.selector(text, .unchecked).references
        return try Self.selector(text, saved(references, store))
    }

    private static func selector(
        _ text: String, _ cohorts: CohortSource
    ) throws(Refusal) -> Selector {
        do { return try Selector(text, cohorts: cohorts) } catch {
            throw .invalid("the selector: \(error)")
        }
    }

    /// Reads a rollout file with the cohorts as they are saved now.
    ///
    /// - Returns: The file without references, too, which later versions do not change.
    func spec(
        of file: RolloutFile, _ store: any StoreReader
    ) throws -> (spec: RolloutSpec, expanded: RolloutFile) {
        do {
            let references = try RolloutSpec(file, cohorts: .unchecked).cohortReferences
            let spec = try RolloutSpec(file, cohorts: saved(references, store))
            let expanded = spec.expanding(file)
            // What is stored has to be read again, by the reader of requests.
            guard expanded.bytes.count <= settings.limits.requestBytes else {
                throw Refusal.invalid(
                    "with its cohorts the file is longer than \(settings.limits.requestBytes)"
                        + " bytes")
            }
            return (spec, expanded)
        } catch let error as RolloutFileError { throw Refusal.invalid("\(error)") }
    }

    private func saved(
        _ references: [CohortReference], _ store: any StoreReader
    ) throws -> CohortSource {
        var resolutions: [CohortReference: CohortResolution] = [:]
        for reference in references where resolutions[reference] == nil {
            resolutions[reference] = try Self.resolution(of: reference, store)
        }
        let known = resolutions
        return .saved { known[$0] ?? .unknownName(known: []) }
    }

    private static func resolution(
        of reference: CohortReference, _ store: any StoreReader
    ) throws -> CohortResolution {
        guard let newest = try store.newestVersion(of: reference.name) else {
            return .unknownName(known: try store.cohorts().map(\.version.name))
        }
        guard let version = reference.version else {
            return .found(newest.version, text: newest.expanded)
        }
        guard let cohort = try store.cohort(version) else {
            return .unknownVersion(newest: newest.version)
        }
        return .found(version, text: cohort.expanded)
    }
}

extension CohortRecord {
    /// Whether saving `selector` would say the same, byte for byte.
    fileprivate func holds(_ selector: Selector) -> Bool {
        self.selector.utf8.elementsEqual(selector.text.utf8)
            && expanded.utf8.elementsEqual(selector.expandedText.utf8)
    }

    var summary: CohortSummary {
        CohortSummary(
            version: version, selector: selector, expanded: expanded, author: author, saved: at)
    }
}
