/// The proxies whose word is believed about whom they pass on.
///
/// Without one, nobody's word is: the address of a client is that of its connection.
public struct TrustedProxies: Hashable, Sendable {
    /// Which header the proxies write.
    ///
    /// Never both: one that a proxy does not write is one that it may pass on as a client made it up.
    public enum Header: String, Hashable, Sendable, CaseIterable {
        case xForwardedFor = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    private let ranges: [NetworkRange]
    let header: Header

    /// The most proxies that one request is believed to have passed.
    private static let maximumHopCount = 16

    public init(_ ranges: [NetworkRange] = [], header: Header = .xForwardedFor) {
        self.ranges = ranges
        self.header = header
    }

    func contains(_ address: NetworkAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    /// Who asks: the rightmost of the addresses that is not a trusted proxy.
    ///
    /// Each proxy appends whom it heard from, so only what stands right of the first stranger was
    /// written by those whom we trust. What cannot be read ends the search at the proxy that wrote
    /// it; no request is refused for it.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection.
    ///   - lines: The values of all lines of ``header``, in the order they came.
    func client(peer: NetworkAddress, lines: [String]) -> NetworkAddress {
        guard contains(peer), !lines.isEmpty else { return peer }
        var nearest = peer
        var hopCount = 0
        for line in lines.reversed() {
            for element in line.split(separator: ",", omittingEmptySubsequences: false).reversed() {
                hopCount += 1
                guard hopCount <= Self.maximumHopCount, let next = address(in: element) else {
                    return nearest
                }
                nearest = next
                guard contains(next) else { return next }
            }
        }
        return nearest
    }

    private func address(in element: Substring) -> NetworkAddress? {
        switch header {
        case .xForwardedFor: Self.node(element.trimmed)
        case .forwarded: Self.forwardedNode(element).flatMap { Self.node($0) }
        }
    }

    /// The value of the one `for` of an element (RFC 7239 section 4), without its quotes.
    private static func forwardedNode(_ element: Substring) -> Substring? {
        var found: Substring?
        for pair in element.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmed.lowercased() == "for" else { continue }
            guard found == nil else { return nil }
            var value = parts[1].trimmed
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                value = value.dropFirst().dropLast()
            }
            found = value
        }
        return found
    }

    /// `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
    private static func node(_ text: Substring) -> NetworkAddress? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || isPort(rest) else { return nil }
            return NetworkAddress(text[text.index(after: text.startIndex)..<end])
        }
        if let address = NetworkAddress(text) { return address }
        guard let colon = text.firstIndex(of: ":"), isPort(text[colon...]) else { return nil }
        return NetworkAddress(text[..<colon])
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && UInt16(text.dropFirst()) != nil
    }
}

extension TrustedProxies {
    /// Reads ranges that commas separate; `nil` when one of them is none.
    static func ranges(_ text: String) -> [NetworkRange]? {
        var ranges: [NetworkRange] = []
        for part in text.split(separator: ",") {
            guard let range = NetworkRange(part.trimmed) else { return nil }
            ranges.append(range)
        }
        return ranges
    }
}

extension Substring {
    /// Without spaces and tabs at its ends.
    fileprivate var trimmed: Substring {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        var rest = drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
