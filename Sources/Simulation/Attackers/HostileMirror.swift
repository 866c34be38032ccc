internal import Model

/// A mirror that nobody has to trust: it gives old, mixed, garbled and endless files.
extension FleetSimulation {
    func mirroredMetadata(_ name: String) -> [UInt8]? {
        let honest = repository.metadata(name)
        guard isAtWork(.mirror) else { return honest }
        switch luck.number(0...9, "mirror") {
        case 0: return nil
        case 1: return Array(repeating: 0x20, count: 6_000_000)
        case 2: return luck.choice(repository.old(name) + [[]], "mirror")
        case 3: return repository.metadata(luck.choice(repository.names, "mirror"))
        case 4: return luck.bytes(Int(luck.number(0...400, "mirror")), "mirror")
        default: return honest
        }
    }

    func mirroredImage(_ path: String) -> [UInt8]? {
        let honest = repository.image(path)
        guard isAtWork(.mirror) else { return honest }
        switch luck.number(0...9, "mirror") {
        case 0: return nil
        case 1: return luck.bytes(Int(luck.number(0...4000, "mirror")), "mirror")
        case 2: return luck.choice(keeper.firmware, "mirror").bytes
        case 3: return honest.map { $0 + $0 }
        case 4: return honest.map { Array($0.prefix($0.count / 2)) }
        default: return honest
        }
    }
}
