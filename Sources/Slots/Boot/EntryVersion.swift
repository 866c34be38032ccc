/// The order of versions in boot loader entries (UAPI Version Format Specification).
struct EntryVersion: Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    /// Equal for the loader: `1.02` and `1.2` are.
    static func == (left: Self, right: Self) -> Bool { !(left < right) && !(right < left) }

    static func < (left: Self, right: Self) -> Bool {
        var left = Substring(left.text).utf8[...]
        var right = Substring(right.text).utf8[...]
        while true {
            left = left.drop { !isPart($0) }
            right = right.drop { !isPart($0) }
            // What stands behind a tilde comes before what is nowhere at all.
            if let answer = compare(&left, &right, mark: "~") { return answer }
            if left.isEmpty || right.isEmpty { return left.isEmpty && !right.isEmpty }
            for mark: Unicode.Scalar in ["-", "^", "."] {
                if let answer = compare(&left, &right, mark: mark) { return answer }
            }
            if let answer = comparePart(&left, &right) { return answer }
        }
    }

    /// A version that is newer than this one.
    ///
    /// A number at its end becomes the next one, unless it belongs to a word such as `amd64`;
    /// otherwise a first one is put there.
    var next: EntryVersion {
        let bytes = Array(text.utf8)
        let digits = bytes.reversed().prefix(while: isDigit).count
        let base = bytes.dropLast(digits)
        guard digits > 0, !(base.last.map(isLetter) ?? false) else {
            return EntryVersion("\(text).1")
        }
        let number = Self.increment(text.suffix(digits).map(\.self))
        return EntryVersion(String(decoding: base, as: UTF8.self) + number)
    }

    private static func increment(_ digits: [Character]) -> String {
        var digits = digits
        for place in digits.indices.reversed() {
            guard digits[place] == "9" else {
                let value = digits[place].wholeNumberValue ?? 0
                digits[place] = Character("\(value + 1)")
                return String(digits)
            }
            digits[place] = "0"
        }
        return "1" + String(digits)
    }
}

private typealias Rest = Substring.UTF8View.SubSequence

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte }

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")) ~= byte
}

/// What counts; all else only separates.
private func isPart(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || "~-^.".utf8.contains(byte)
}

/// Whether the left one is older, as far as `mark` tells; takes it away where both have it.
private func compare(_ left: inout Rest, _ right: inout Rest, mark: Unicode.Scalar) -> Bool? {
    let byte = UInt8(ascii: mark)
    switch (left.first == byte, right.first == byte) {
    case (true, true):
        left = left.dropFirst()
        right = right.dropFirst()
        return nil
    case (true, false): return true
    case (false, true): return false
    case (false, false): return nil
    }
}

/// Whether the left one is older by its next number or word; takes these away when they are equal.
private func comparePart(_ left: inout Rest, _ right: inout Rest) -> Bool? {
    let isNumber = left.first.map(isDigit) == true || right.first.map(isDigit) == true
    var one = left.prefix { isNumber ? isDigit($0) : isLetter($0) }
    var other = right.prefix { isNumber ? isDigit($0) : isLetter($0) }
    left = left.dropFirst(one.count)
    right = right.dropFirst(other.count)
    if isNumber {
        // A number is newer than a word, whose digits are none.
        guard one.isEmpty == other.isEmpty else { return one.isEmpty }
        one = one.drop { $0 == UInt8(ascii: "0") }
        other = other.drop { $0 == UInt8(ascii: "0") }
        guard one.count == other.count else { return one.count < other.count }
    }
    return one.elementsEqual(other) ? nil : one.lexicographicallyPrecedes(other)
}
