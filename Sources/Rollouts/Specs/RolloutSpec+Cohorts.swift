public import Model

extension RolloutSpec {
    /// All selectors, in the order of the file.
    private var selectors: [Selector] { [selector] + waves.compactMap(\.selector) }

    /// The cohorts that its selectors name.
    public var cohortReferences: [CohortReference] { selectors.flatMap(\.references) }

    /// The versions that came into their places, each once.
    public var cohorts: [CohortVersion] {
        selectors.flatMap(\.cohorts).reduce(into: []) { versions, version in
            if !versions.contains(version) { versions.append(version) }
        }
    }

    /// The file with the selector of each cohort in the place of its name.
    ///
    /// - Parameter file: The one that this was made from.
    public func expanding(_ file: RolloutFile) -> RolloutFile {
        var expanded = file
        expanded.devices = selector.expandedText
        for (index, wave) in zip(expanded.waves.indices, waves) {
            expanded.waves[index].devices = wave.selector?.expandedText
        }
        return expanded
    }
}

extension WaveSpec {
    fileprivate var selector: Selector? {
        switch target {
        case .devices(let selector): selector
        case .sample, .percent, .list: nil
        }
    }
}
