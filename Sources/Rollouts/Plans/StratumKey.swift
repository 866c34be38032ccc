/// The values that a device has of several strata, as one text to be grouped and ordered by.
struct StratumKey: Hashable, Sendable {
    /// Of each stratum a 1 and the value, or a 0; no value has these control characters.
    private let joined: ExactText

    init(of device: DeviceFacts, _ strata: [DeviceWord]) {
        var joined = ""
        for word in strata {
            guard let value = word.value(in: device) else {
                joined.append("\u{0}")
                continue
            }
            joined.append("\u{1}")
            joined.append(value)
        }
        self.joined = ExactText(joined)
    }

    /// As many as there were strata; `nil` for what the device does not have.
    var values: [ExactText?] {
        var values: [String.UnicodeScalarView?] = []
        for scalar in joined.text.unicodeScalars {
            switch scalar {
            case "\u{0}": values.append(nil)
            case "\u{1}": values.append("".unicodeScalars)
            case let scalar: values[values.count - 1]?.append(scalar)
            }
        }
        return values.map { value in value.map { ExactText(String($0)) } }
    }

    /// A device without a value comes before those with one.
    func precedes(_ other: StratumKey) -> Bool {
        joined.text.utf8.lexicographicallyPrecedes(other.joined.text.utf8)
    }
}
