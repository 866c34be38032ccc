internal import Model

/// A word that stands for something a device has.
enum DeviceWord: Hashable, Sendable {
    case id
    case hardware
    case release
    case version
    case attribute(String)

    /// Every word that is not built in names an attribute.
    init(_ word: String) {
        self =
            switch word {
            case "id": .id
            case "hardware": .hardware
            case "release": .release
            case "version": .version
            default: .attribute(word)
            }
    }

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
}
