/// Why a machine test could not go on; the words are for whoever reads the failure.
struct MachineError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
