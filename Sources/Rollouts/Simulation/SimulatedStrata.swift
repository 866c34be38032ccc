internal import Model

/// Which strata each device belongs to, among those in which failures are looked for.
struct SimulatedStrata: Sendable {
    /// Each value of each attribute that some device has.
    private(set) var all: [Stratum] = []
    /// Of each device in turn its numbers in ``all``.
    private var members: [Int16] = []
    /// Where each device's numbers begin, and the last one's end.
    private var begins: [Int]

    /// - Parameter reached: The numbers of the devices that some wave reaches; others belong nowhere.
    init(of devices: [DeviceFacts], reached: some Sequence<Int>, scope: AttributionScope) {
        var isReached = devices.map { _ in false }
        for device in reached { isReached[device] = true }
        begins = [0]
        begins.reserveCapacity(devices.count + 1)
        members.reserveCapacity(devices.count * scope.attributes.count)
        var numbers: [Stratum: Int16] = [:]
        for (device, isReached) in zip(devices, isReached) {
            for attribute in scope.attributes where isReached {
                guard let value = device.attributes[attribute] else { continue }
                let stratum = Stratum(attribute: attribute, value: value)
                members.append(number(of: stratum, among: &numbers))
            }
            begins.append(members.count)
        }
    }

    private mutating func number(
        of stratum: Stratum, among numbers: inout [Stratum: Int16]
    ) -> Int16 {
        if let number = numbers[stratum] { return number }
        let number = Int16(all.count)
        numbers[stratum] = number
        all.append(stratum)
        return number
    }

    func numbers(of device: Int) -> ArraySlice<Int16> {
        members[begins[device]..<begins[device + 1]]
    }

    /// `nil` for a stratum without devices.
    func number(of stratum: Stratum) -> Int16? {
        all.firstIndex(of: stratum).map { Int16($0) }
    }
}
