internal import JSON

extension OpenAPIOperations {
    static let inventory: [OpenAPIOperation] = {
        var export = operation(
            .get, "inventory", "exportInventory", "inventory",
            "All devices, those among them that were never heard of, as one file.", .inventory)
        export.parameters = [
            .query("format", "json by default.", ["type": "string", "enum": ["csv", "json"]])
        ]
        var taking = operation(
            .post, "inventory", "importInventory", "inventory",
            "Plan the devices of a file, and set attributes of those that are here; a row that is"
                + " refused holds up no other.",
            .json(200, .schema("ImportReport")))
        taking.body = .inventory
        taking.parameters = [
            .query("dry_run", "Only tell what would be done.", ["type": "boolean"])
        ]
        taking.refusals = [413, 415, 422, 507]
        let applications = operation(
            .get, "inventory/applications", "listApplications", "inventory",
            "The devices that ask to be taken in and have no token.",
            .json(200, .schema("ApplicationList")))
        var accept = operation(
            .post, "inventory/{id}/accept-key", "acceptApplication", "inventory",
            "Let a device enrol with the key that it has shown.",
            .json(200, .schema("InventoryEntry")))
        accept.body = .json("KeyRequest")
        accept.refusals = [404, 409, 413, 422, 507]
        var forget = operation(
            .delete, "inventory/{id}", "forgetDevice", "inventory",
            "Take back the plan of a device that was never heard of.", .empty(204))
        forget.refusals = [404, 507]
        return [export, taking, applications, accept, forget]
    }()
}
