internal import Agent
internal import JSON
internal import Model
internal import Slots

/// Attributes that are found on the device, from its file: `inventory`.
struct InventorySettings {
    static let keys: Set<String> = ["inventory"]

    private let folder: String
    private let interval: Duration

    /// - Throws: ``JSONShapeError``.
    init(_ fields: JSONFields) throws(JSONShapeError) {
        let fields = try fields.optionalObject("inventory")
        try fields?.refuseMembers(otherThan: ["folder", "seconds"])
        folder = try fields?.optionalString("folder") ?? "/etc/slipway/inventory.d"
        interval = try fields?.duration("seconds", unless: 3600) ?? .seconds(3600)
    }

    /// - Parameter fixed: The attributes in the device's file.
    func inventory(
        fixed: Attributes, clock: any AgentClock, note: @escaping (String) -> Void
    ) -> FolderInventory {
        FolderInventory(
            folder: folder, fixed: fixed, interval: interval, clock: clock, note: note)
    }
}
