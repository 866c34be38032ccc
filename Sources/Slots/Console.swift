internal import Glibc

/// How a program without Foundation speaks to whoever started it, and how it ends.
public enum Console {
    /// Writes one line to standard error at once.
    public static func note(_ line: String) { write("\(line)\n", to: STDERR_FILENO) }

    /// Writes one line to standard output at once.
    public static func answer(_ line: String) { write("\(line)\n", to: STDOUT_FILENO) }

    /// `path` as seen from everywhere.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(folder) }
        return "\(unsafe String(cString: folder))/\(path)"
    }

    public static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done)
            }
            // A reader that went away must not take the agent with it.
            guard count > 0 || (count < 0 && errno == EINTR) else { return }
            done += max(0, count)
        }
    }
}
