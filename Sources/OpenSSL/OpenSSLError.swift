internal import COpenSSL

/// A failure inside OpenSSL, with OpenSSL's own account of it.
public struct OpenSSLError: Error, Hashable, Sendable {
    /// The OpenSSL function that failed.
    public let function: String
    /// OpenSSL's own account, oldest first; empty when it left none.
    public let reasons: [String]

    /// Takes this thread's OpenSSL error queue, leaving it empty for the next call.
    init(draining function: String) {
        self.function = function
        var reasons: [String] = []
        while case let code = ERR_get_error(), code != 0 {
            reasons.append(Self.text(of: code))
        }
        self.reasons = reasons
    }

    private static func text(of code: UInt) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(code, &buffer, buffer.count)
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension OpenSSLError: CustomStringConvertible {
    public var description: String {
        reasons.isEmpty ? "\(function) failed" : "\(function): \(reasons.joined(separator: "; "))"
    }
}
