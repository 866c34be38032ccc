/// GRUB with `packaging/grub/grub.cfg`, and its environment in `grub/grubenv` on the FAT partition.
struct GRUBOracle: BootOracle {
    private static let signature = Array("# GRUB Environment Block\n".utf8)

    func decision(on disk: RebuiltDisk) -> BootDecision {
        let volume = FATVolume(bytes: { disk.bytes($0) }, at: disk.layout.boot)
        let file = volume?.file(["GRUB       ", "GRUBENV    "])
        let block = file ?? []
        guard block.starts(with: Self.signature) else {
            return .withoutEnvironment
        }
        let values = Self.values(in: block)
        let good = values["good"] == "b" ? 1 : 0
        return BootDecision(
            good: good, trial: values["try"], tries: values["tries_left"])
    }

    /// What `load_env` reads: lines of `name=value` in which a backslash hides what follows it.
    static func values(in block: [UInt8]) -> [String: String] {
        var values: [String: String] = [:]
        var at = signature.count
        while at < block.count {
            if block[at] != UInt8(ascii: "#") {
                guard let equals = block[at...].firstIndex(of: UInt8(ascii: "=")) else { break }
                let name = String(decoding: block[at..<equals], as: UTF8.self)
                var value: [UInt8] = []
                at = equals + 1
                while at < block.count, block[at] != UInt8(ascii: "\n") {
                    if block[at] == UInt8(ascii: "\\"), at + 1 < block.count { at += 1 }
                    value.append(block[at])
                    at += 1
                }
                // A line without an end is not one.
                if at < block.count { values[name] = String(decoding: value, as: UTF8.self) }
            }
            at = (block[at...].firstIndex(of: UInt8(ascii: "\n")) ?? block.count) + 1
        }
        return values
    }
}
