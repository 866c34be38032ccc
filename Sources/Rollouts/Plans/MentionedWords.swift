internal import Model

/// The attributes that a rollout file names, and whether the fleet has them.
struct MentionedWords {
    /// What is looked for, with the place in the file that names it, in the order of the file.
    private let places: [(selector: Selector, path: String)]
    /// Named, but of no device so far; what is built in is never missing.
    private var missing: Set<String>
    /// The names of some devices' attributes, of which one may have been meant.
    private var known: Set<String> = []
    private var deviceCount = 0

    /// Whose attributes are remembered: fleets are large, and their devices alike.
    private static let deviceLimit = 1000

    init(_ spec: RolloutSpec) {
        var places = [(spec.selector, "devices")]
        for (index, wave) in spec.waves.enumerated() {
            switch wave.target {
            case .devices(let selector): places.append((selector, "waves[\(index)].devices"))
            case .sample(_, let strata):
                for (number, name) in strata.enumerated() {
                    guard let selector = try? Selector("has(\(name))") else { continue }
                    places.append((selector, "waves[\(index)].strata[\(number)]"))
                }
            case .percent, .list: continue
            }
        }
        self.places = places
        missing = places.reduce(into: Set()) { $0.formUnion($1.0.words) }
            .subtracting(DeviceWord.builtIn.keys)
    }

    mutating func count(_ device: DeviceFacts) {
        deviceCount += 1
        if !missing.isEmpty {
            for name in missing where device.attributes[name] != nil { missing.remove(name) }
        }
        if deviceCount <= Self.deviceLimit { known.formUnion(device.attributes.values.keys) }
    }

    /// The first word of the file that means nothing in the fleet, and where it stands.
    var unknown: (UnknownWord, path: String)? {
        let seen = known.union(places.reduce(into: Set()) { $0.formUnion($1.selector.words) })
            .subtracting(missing)
        for place in places {
            if let word = place.selector.unknownWords(besides: seen).first {
                return (word, place.path)
            }
        }
        return nil
    }
}
