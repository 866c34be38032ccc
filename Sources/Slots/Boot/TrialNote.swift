internal import Agent
internal import Model

/// What the agent keeps about a trial where the firmware cannot tell whether there was one.
///
/// A file on the data partition, replaced as a whole.
struct TrialNote: Equatable {
    enum Stage: String {
        /// The firmware is about to be told.
        case intent
        /// The firmware was told.
        case armed
    }

    let slot: SlotName
    let stage: Stage
    /// The boot in which the note was written.
    let bootID: BootID

    /// Returns `nil` when there is none, and also when what is there is no note: a device must not
    /// stay without updates for a damaged note, and without it a trial is only armed again.
    static func read(_ path: String, on disk: any Disk) throws(SlotError) -> TrialNote? {
        let file: KeyValueFile?
        do throws(SlotError) { file = try KeyValueFile(reading: path, on: disk) } catch {
            if case .malformed = error { return nil }
            throw error
        }
        guard let values = file?.values, let slot = values["slot"].flatMap({ SlotName($0) }),
            let stage = values["stage"].flatMap({ Stage(rawValue: $0) }),
            let bootID = values["boot_id"].flatMap({ BootID($0) })
        else { return nil }
        return TrialNote(slot: slot, stage: stage, bootID: bootID)
    }

    func save(_ path: String, on disk: any Disk) throws(SlotError) {
        let values = ["slot": slot.text, "stage": stage.rawValue, "boot_id": bootID.text]
        try KeyValueFile(path: path, values: values, on: disk).save()
    }
}
