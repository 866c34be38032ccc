/// The words with which the kernel was started.
struct KernelCommandLine {
    /// In their order, without quotes; what stands behind `--` is for init and is left out.
    let words: [String]

    /// A double quote keeps spaces within a word, as the kernel has it.
    init(_ text: String) {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case " ", "\t", "\n", "\r\n":
                guard !isQuoted else { fallthrough }
                if !word.isEmpty { words.append(word) }
                word = ""
            default: word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        self.words = Array(words.prefix { $0 != "--" })
    }

    /// What was said for `name`, once for each time that it was.
    func values(of name: String) -> [String] {
        words.filter { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
