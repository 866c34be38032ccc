public import Agent
internal import Glibc

/// A disk on which a file can be kept from being changed by a flag.
public protocol FlaggedDisk: Disk {
    /// Takes the flag from the file that no one may change it; where there are none, does nothing.
    func clearImmutableFlag(_ path: String) throws(SlotError)
}

/// The variables of the firmware, as the kernel shows them in `efivarfs`.
///
/// A file is four bytes of attributes and the value. The firmware gets what one call of write(2)
/// hands over, when it is made: there is nothing to sync.
struct EFIVariables {
    private let folder: String
    private let disk: any FlaggedDisk

    /// Of the variables that the UEFI specification itself defines.
    private static let vendor = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
    /// Kept without power, and seen by the boot loader and by the running system.
    private static let attributes: [UInt8] = [7, 0, 0, 0]
    private static let maximumByteCount = 4096

    init(folder: String, on disk: any FlaggedDisk) {
        self.folder = folder
        self.disk = disk
    }

    func path(_ name: String) -> String { "\(folder)/\(name)-\(Self.vendor)" }

    /// The 16-bit numbers of a variable; `nil` when it is not there.
    func numbers(_ name: String) throws(SlotError) -> [UInt16]? {
        guard let value = try value(name) else { return nil }
        guard value.count.isMultiple(of: 2) else {
            throw .malformed(path: path(name), problem: "it holds half a number")
        }
        return stride(from: 0, to: value.count, by: 2).map {
            UInt16(value[$0]) | UInt16(value[$0 + 1]) << 8
        }
    }

    /// The one number of a variable; `nil` when it is not there.
    func number(_ name: String) throws(SlotError) -> UInt16? {
        guard let numbers = try numbers(name) else { return nil }
        guard numbers.count == 1 else {
            throw .malformed(path: path(name), problem: "it holds \(numbers.count) numbers")
        }
        return numbers[0]
    }

    func exists(_ name: String) throws(SlotError) -> Bool { try value(name) != nil }

    /// Sets a variable with one write, and reads it back.
    func set(_ name: String, to numbers: [UInt16]) throws(SlotError) {
        let path = path(name)
        if try disk.entry(path) != nil { try disk.clearImmutableFlag(path) }
        let value = numbers.flatMap {
            [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
        }
        try disk.open(path, .make(permissions: 0o644)).write(Self.attributes + value, at: 0)
        guard try self.numbers(name) == numbers else {
            throw .failed(
                operation: "set", path: path, reason: "the firmware does not keep the value")
        }
    }

    /// Removes a variable; what is not there is gone already.
    func remove(_ name: String) throws(SlotError) {
        let path = path(name)
        guard try disk.entry(path) != nil else { return }
        try disk.clearImmutableFlag(path)
        try disk.remove(path)
    }

    private func value(_ name: String) throws(SlotError) -> [UInt8]? {
        let path = path(name)
        guard try disk.entry(path) != nil else { return nil }
        let bytes = try disk.open(path, .read).read(at: 0, maximum: Self.maximumByteCount)
        // A variable that was opened and not yet written is an empty file.
        guard !bytes.isEmpty else { return nil }
        guard bytes.count >= Self.attributes.count, bytes.count < Self.maximumByteCount else {
            throw .malformed(path: path, problem: "a variable does not have \(bytes.count) bytes")
        }
        return Array(bytes.dropFirst(Self.attributes.count))
    }
}

extension LinuxDisk: FlaggedDisk {
    public func clearImmutableFlag(_ path: String) throws(SlotError) {
        try File(path, .read).clearImmutableFlag()
    }
}
