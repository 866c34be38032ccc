internal import Agent
internal import Model

/// What the kernel's pstore kept of a machine that crashed: files such as `dmesg-ramoops-0` and
/// `console-ramoops-0`.
struct CrashRecords {
    let folder: String

    /// How many files are looked at, and how much of each is read, in bytes.
    private static let maximumCount = 64
    private static let maximumFileBytes = 65_536

    /// The end of the newest record, after a line that tells its name; `nil` when there is none.
    ///
    /// A crash that had to be kept in parts has them joined again.
    func newest(maximumByteCount: Int) -> String? {
        let names = (try? LinuxDisk().names(in: folder)) ?? []
        guard let newest = record("dmesg-", names) ?? record("console-", names) else { return nil }
        let title = "[\(newest.name)]\n"
        return title
            + Self.wholeLines(
                newest.text, maximumByteCount: max(0, maximumByteCount - title.utf8.count - 1))
    }

    private func record(_ kind: String, _ names: [String]) -> (name: String, text: String)? {
        var files = names.filter { $0.hasPrefix(kind) }.sorted().prefix(Self.maximumCount)
            .compactMap { name -> (name: String, changed: Int64)? in
                guard let status = (try? FileStatus(of: "\(folder)/\(name)")) ?? nil,
                    status.kind == .file
                else { return nil }
                return (name, status.changed.secondsSinceEpoch)
            }
        files.sort { ($1.changed, $0.name) < ($0.changed, $1.name) }
        guard let newest = files.first else { return nil }
        // Parts are counted from the end of the log, and are of one moment.
        var pieces: [String] = []
        var byteCount = 0
        for file in files where file.changed == newest.changed {
            guard byteCount < LogText.maximumByteCount else { break }
            let text = text(of: file.name)
            byteCount += text.utf8.count
            pieces.append(text)
        }
        let text = pieces.reversed().joined(separator: "\n")
        return text.isEmpty ? nil : (newest.name, text)
    }

    /// What is compressed or binary shows as what it is not, and harms nobody: ``LogText`` follows.
    private func text(of name: String) -> String {
        var bytes: [UInt8] = []
        _ = try? DurableFile.forEachPiece(of: "\(folder)/\(name)") { piece in
            bytes = Array((bytes + piece).suffix(Self.maximumFileBytes))
            return bytes.count < Self.maximumFileBytes
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The last whole lines of `text` that fit.
    static func wholeLines(_ text: String, maximumByteCount: Int) -> String {
        guard text.utf8.count > maximumByteCount else { return text }
        let end = text.utf8.suffix(maximumByteCount)
        let lines = end.firstIndex(of: UInt8(ascii: "\n")).map { end[end.index(after: $0)...] }
        return String(decoding: lines ?? end, as: UTF8.self)
    }
}
