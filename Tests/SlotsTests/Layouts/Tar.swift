/// A tar archive in the making, byte by byte, so that a test can say what no honest program would.
struct Tar {
    private(set) var bytes: [UInt8] = []

    /// The archive with the two empty blocks that end it.
    var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    func file(_ name: String, _ text: String, mode: Int = 0o644) -> Tar {
        adding(name, "0", mode: mode, Array(text.utf8))
    }
    func directory(_ name: String, mode: Int = 0o755) -> Tar { adding(name, "5", mode: mode) }
    func link(_ name: String, to target: String) -> Tar { adding(name, "2", target: target) }
    func hardLink(_ name: String, to target: String) -> Tar { adding(name, "1", target: target) }
    func device(_ name: String) -> Tar { adding(name, "3") }
    func blockDevice(_ name: String) -> Tar { adding(name, "4") }
    func pipe(_ name: String) -> Tar { adding(name, "6") }

    private func adding(
        _ name: String, _ type: String, mode: Int = 0o644, target: String = "",
        _ content: [UInt8] = []
    ) -> Tar {
        var head = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) {
            head.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(content.count, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        put(type, at: 156)
        put(target, at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(head.reduce(0) { $0 + Int($1) }, 6), at: 148)
        head[154] = 0
        var tar = self
        tar.bytes += head + content
        tar.bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        return tar
    }
}
