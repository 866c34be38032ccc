internal import Model

/// A word that stands for something a device has.
enum DeviceWord: Hashable, Sendable {
    case id
    case hardware
    case release
    case version
    case attribute(String)

    /// The words that name no attribute.
    static let builtIn: [String: DeviceWord] = [
        "id": .id, "hardware": .hardware, "release": .release, "version": .version,
    ]

    /// Every word that is not built in names an attribute.
    init(_ word: String) { self = Self.builtIn[word] ?? .attribute(word) }

    /// `nil` when the device does not have it.
    func value(in device: DeviceFacts) -> String? {
        switch self {
        case .id: device.id.text
        case .hardware: device.hardware.text
        case .release: device.release?.name.text
        case .version: device.release?.version.text
        case .attribute(let name): device.attributes[name]
        }
    }

    /// `nil` when the device does not have it, or it is no version.
    func version(in device: DeviceFacts) -> Version? {
        switch self {
        // Already read as one.
        case .version: device.release?.version
        case .id, .hardware, .release, .attribute: value(in: device).flatMap(Version.init)
        }
    }
}
