public import Agent

/// Whether what the device's link carries is paid for by the byte, by the word of the device.
public struct LinkMeter: Hashable, Sendable {
    /// A program that exits with 0 when the link is metered; empty when nobody is asked.
    public var command: [String]
    /// A file that holds `1` when the link is metered; `nil` when there is none to look at.
    public var file: String?

    /// How long the program may take; after it the program is killed.
    public static let timeout = Duration.seconds(10)

    public init(command: [String], file: String?) {
        self.command = command
        self.file = file
    }

    /// The link as it is now; free when nobody is asked.
    ///
    /// Blocks until the program ends.
    public func link() -> FetchPolicy.Link {
        let answers = [linkByCommand(), linkByFile()]
        return answers.contains(.metered) ? .metered : answers.contains(.unknown) ? .unknown : .free
    }

    private func linkByCommand() -> FetchPolicy.Link {
        guard !command.isEmpty else { return .free }
        guard let end = try? ChildProcess.run(command, timeout: Self.timeout) else {
            return .unknown
        }
        switch end.outcome {
        case .exited(0): return .metered
        // A shell's words for a program that it cannot run.
        case .exited(126), .exited(127): return .unknown
        case .exited: return .free
        case .killed, .timedOut: return .unknown
        }
    }

    private func linkByFile() -> FetchPolicy.Link {
        guard let file else { return .free }
        do {
            guard let bytes = try DurableFile.read(file) else { return .free }
            return bytes.first == UInt8(ascii: "1") ? .metered : .free
        } catch { return .unknown }
    }
}
