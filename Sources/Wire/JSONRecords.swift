/// Cuts JSON objects apart as their bytes arrive: one after another, with line breaks between them
/// (JSON Lines), or as the elements of one array.
///
/// Only where an object begins and ends is looked at; what it is, its reader says.
struct JSONRecords {
    /// The bytes of one object, and the line on which it began; the first line is 1.
    struct Record: Hashable {
        var line: Int
        var bytes: [UInt8]
    }

    private let limitBytes: Int
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var bytes: [UInt8] = []
    private var line = 1
    private var recordLine = 1
    private var array = ArrayState.none
    private var count = 0
    private var isCommaDue = false

    private enum ArrayState { case none, open, closed }

    /// - Parameter limitBytes: The longest object.
    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// - Throws: ``InventoryFileError`` when the rest cannot be told apart any more.
    mutating func push(
        _ bytes: some Sequence<UInt8>, _ take: (Record) -> Void
    ) throws(InventoryFileError) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") { line += 1 }
            if depth == 0 { try pushBetween(byte) } else { try pushInside(byte, take) }
        }
    }

    mutating func finish() throws(InventoryFileError) {
        guard depth == 0, array != .open else { throw .cutOff(line: line) }
    }

    private mutating func pushBetween(_ byte: UInt8) throws(InventoryFileError) {
        switch (byte, array) {
        case (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _), (UInt8(ascii: "\r"), _),
            (UInt8(ascii: "\n"), _):
            return
        case (UInt8(ascii: "["), .none) where count == 0: array = .open
        case (UInt8(ascii: "]"), .open) where isCommaDue || count == 0: array = .closed
        case (UInt8(ascii: ","), .open) where isCommaDue: isCommaDue = false
        case (UInt8(ascii: "{"), .none), (UInt8(ascii: "{"), .open):
            guard !(array == .open && isCommaDue) else { throw .notObjects(line: line) }
            depth = 1
            recordLine = line
            bytes = [byte]
        default: throw .notObjects(line: line)
        }
    }

    private mutating func pushInside(
        _ byte: UInt8, _ take: (Record) -> Void
    ) throws(InventoryFileError) {
        guard bytes.count < limitBytes else {
            throw .tooLong(line: recordLine, limitBytes: limitBytes)
        }
        bytes.append(byte)
        if isEscaped {
            isEscaped = false
            return
        }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = isInString
        case UInt8(ascii: "\""): isInString.toggle()
        case UInt8(ascii: "{") where !isInString: depth += 1
        case UInt8(ascii: "}") where !isInString:
            depth -= 1
            guard depth == 0 else { return }
            count += 1
            isCommaDue = true
            take(Record(line: recordLine, bytes: bytes))
        default: return
        }
    }
}
