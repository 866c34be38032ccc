/// A FAT file system of 12 or 16 bits, read as boot loaders do: through directory entries and
/// cluster chains, believing nothing else.
struct FATVolume {
    private let bytes: (Range<Int>) -> [UInt8]
    private let start: Int
    private let clusterBytes: Int
    private let table: Int
    private let rootDirectory: Range<Int>
    private let is16Bit: Bool

    /// - Parameter bytes: Reads the disk.
    /// - Returns: `nil` when there is no such file system at `partition`.
    init?(bytes: @escaping (Range<Int>) -> [UInt8], at partition: Range<Int>) {
        self.bytes = bytes
        start = partition.lowerBound
        let boot = bytes(start..<(start + 512))
        func word(_ offset: Int) -> Int { Int(boot[offset]) | Int(boot[offset + 1]) << 8 }
        let sectorBytes = word(11)
        let reserved = word(14)
        let tableSectors = word(22)
        let rootEntries = word(17)
        guard boot[510] == 0x55, boot[511] == 0xaa, sectorBytes == 512, boot[13] > 0,
            tableSectors > 0, rootEntries > 0
        else { return nil }
        clusterBytes = Int(boot[13]) * sectorBytes
        table = start + reserved * sectorBytes
        let root = table + Int(boot[16]) * tableSectors * sectorBytes
        rootDirectory = root..<(root + rootEntries * 32)
        let total = word(19) != 0 ? word(19) : word(32) | word(34) << 16
        let dataSectors = total - (rootDirectory.upperBound - start) / sectorBytes
        is16Bit = dataSectors / Int(boot[13]) >= 4085
    }

    /// The bytes of the file at `path`, whose parts are written as in directory entries: eleven
    /// characters each; `nil` when there is none, or its chain ends before its length.
    func file(_ path: [String]) -> [UInt8]? {
        var directory = bytes(rootDirectory)
        for (number, name) in path.enumerated() {
            guard let entry = entry(Array(name.utf8), in: directory) else { return nil }
            let isLast = number == path.count - 1
            let content = chain(from: entry.cluster, limit: isLast ? entry.length : nil)
            guard let content else { return nil }
            if isLast { return content }
            directory = content
        }
        return nil
    }

    private func entry(
        _ name: [UInt8], in directory: [UInt8]
    ) -> (cluster: Int, length: Int)? {
        for at in stride(from: 0, to: directory.count, by: 32) {
            let entry = directory[at..<(at + 32)]
            // The end of the directory, and what is no file: erased, part of a long name.
            if entry[at] == 0 { return nil }
            if entry[at] == 0xe5 || entry[at + 11] & 0x0f == 0x0f { continue }
            guard entry.prefix(11).elementsEqual(name) else { continue }
            func word(_ offset: Int) -> Int {
                Int(entry[at + offset]) | Int(entry[at + offset + 1]) << 8
            }
            return (word(26), word(28) | word(30) << 16)
        }
        return nil
    }

    /// - Parameter limit: The length of a file; a directory is as long as its chain.
    private func chain(from first: Int, limit: Int?) -> [UInt8]? {
        var content: [UInt8] = []
        var cluster: Int? = first
        // No chain of a boot partition's small files is longer; a damaged one may be endless.
        for _ in 0..<1024 {
            if let limit, content.count >= limit { return Array(content.prefix(limit)) }
            guard let at = cluster, at >= 2 else { return limit == nil ? content : nil }
            let offset = rootDirectory.upperBound + (at - 2) * clusterBytes
            content += bytes(offset..<(offset + clusterBytes))
            cluster = next(after: at)
        }
        return nil
    }

    private func next(after cluster: Int) -> Int? {
        if is16Bit {
            let pair = bytes((table + 2 * cluster)..<(table + 2 * cluster + 2))
            let value = Int(pair[0]) | Int(pair[1]) << 8
            return value < 0xfff8 ? value : nil
        }
        let at = table + cluster * 3 / 2
        let pair = bytes(at..<(at + 2))
        let both = Int(pair[0]) | Int(pair[1]) << 8
        let value = cluster % 2 == 1 ? both >> 4 : both & 0xfff
        return value < 0xff8 ? value : nil
    }
}
