internal import Glibc

/// The terminal that this program was started from.
public enum Terminal {
    /// The longest line that is read, in bytes.
    private static let maximumByteCount = 1024

    /// Asks for a secret without showing it; `nil` when there is no terminal to ask.
    public static func readSecret(prompt: String) -> [UInt8]? {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else { return nil }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        // Never show what is typed: where the echo cannot be turned off, nobody is asked.
        guard unsafe tcsetattr(descriptor, TCSAFLUSH, &silent) == 0 else { return nil }
        defer { unsafe _ = tcsetattr(descriptor, TCSAFLUSH, &settings) }
        show(prompt, on: descriptor)
        defer { show("\n", on: descriptor) }
        return readLine(from: descriptor)
    }

    private static func show(_ text: String, on descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe write(descriptor, bytes, bytes.count)
    }

    private static func readLine(from descriptor: Int32) -> [UInt8]? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < maximumByteCount {
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { return line }
            line.append(byte)
        }
        return nil
    }
}
