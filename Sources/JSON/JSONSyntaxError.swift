/// Why bytes are not a document that we read.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// Where the trouble is, in bytes from the start.
    public let offset: Int
    public let problem: Problem

    public init(offset: Int, problem: Problem) {
        self.offset = offset
        self.problem = problem
    }

    public enum Problem: Hashable, Sendable {
        /// Longer than this many bytes.
        case tooLong(limitBytes: Int)
        case tooDeep
        case tooManyValues
        case unexpectedEnd
        case unexpectedByte
        case invalidUTF8
        /// Not an escape of JSON, or half of a surrogate pair.
        case invalidEscape
        case controlCharacter
        /// A number with a fraction or an exponent.
        case notAnInteger
        /// A whole number that does not fit into 64 bits.
        case integerOutOfRange
        /// An object has two members of this name; the offset is that of the object's end.
        case duplicateMember(JSONString)
        case trailingBytes
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    public var description: String { "byte \(offset): \(problem)" }
}

extension JSONSyntaxError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLong(let limitBytes): "the document is longer than \(limitBytes) bytes"
        case .tooDeep: "arrays and objects are nested too deeply"
        case .tooManyValues: "the document has too many values"
        case .unexpectedEnd: "the document ends too early"
        case .unexpectedByte: "this byte does not belong here"
        case .invalidUTF8: "this is not valid UTF-8"
        case .invalidEscape: "this is not a valid escape"
        case .controlCharacter: "a control character in a string must be escaped"
        case .notAnInteger: "only whole numbers are allowed"
        case .integerOutOfRange: "this number does not fit into 64 bits"
        case .duplicateMember(let key): "the object has two members called \(key.quoted)"
        case .trailingBytes: "something follows the document"
        }
    }
}
