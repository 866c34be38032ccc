import Foundation
internal import Curl
internal import Model
internal import Wire

extension ManagementClient {
    private static let pageCount = 1000

    /// Asks for a list page by page, and gives each page to `body`.
    ///
    /// - Parameters:
    ///   - filter: Written as parts of a query.
    ///   - beginning: Where the first page begins; `nil` for the beginning of the list.
    func pages<Item: WireMessage>(
        _ path: String, _ filter: [String] = [], from beginning: String? = nil,
        _ body: ([Item]) -> Void
    ) throws(SlipwayError) {
        var next = beginning
        repeat {
            let place = next.map { ["after=\(URLPath.encode($0))"] } ?? []
            let query = (filter + ["limit=\(Self.pageCount)"] + place).joined(separator: "&")
            let page: ListAnswer<Item> = try get("\(path)?\(query)")
            body(page.items)
            // A server that names the same place again would keep us for ever.
            guard page.next != next || next == nil else {
                throw .unreachable(server: server, problem: "its pages have no end")
            }
            next = page.next
        } while next != nil
    }

    /// All items of a list that is short enough for memory.
    func all<Item: WireMessage>(_ path: String) throws(SlipwayError) -> [Item] {
        var items: [Item] = []
        try pages(path) { items += $0 }
        return items
    }

    /// Takes the bytes of a stream as they come, until it is over or cut off.
    func stream(
        _ path: String, _ query: [String], _ receive: ([UInt8]) -> Void
    ) throws(SlipwayError) {
        // Nothing happens for hours in a quiet fleet.
        var options = HTTPOptions.standard
        options.stallTimeoutSeconds = 86_400
        options.authorityPath = authority
        let url = "\(server)/api/v1/\(path)?\(query.joined(separator: "&"))"
        let end: DownloadEnd
        do {
            end = try HTTPClient(options: options).download(
                url: url, headers: headers(), from: 0, maximumBytes: .max
            ) { bytes in
                receive(bytes)
                return true
            }
        } catch { throw .unreachable(server: server, problem: "\(error)") }
        switch end {
        case .complete, .stopped: return
        case .later(_, let seconds): throw .tryAgain("\(server) asks for \(seconds) s of patience")
        case .status(401), .status(403):
            throw .notPermitted("\(server) refuses the token; name it by --token-file")
        case .status(409):
            throw .refused("\(server) has no event of that number yet; begin without --after")
        case .status(let status): throw .refused("\(server) answered \(status)")
        case .notFound, .rangeIgnored, .rangeNotSatisfiable, .foreign:
            throw .refused("\(server) has no event stream there")
        }
    }
}

/// A list that is printed page by page, so that memory does not grow with it.
struct StreamedList {
    private let header: [String]
    private let isJSON: Bool
    private var widths: [Int]
    private var isBegun = false

    init(_ header: [String], isJSON: Bool) {
        self.header = header
        self.isJSON = isJSON
        widths = header.map(\.count)
    }

    mutating func add<Item: WireMessage>(_ items: [Item], _ row: (Item) -> [String]) {
        guard isJSON else { return add(rows: items.map { row($0).map(\.visible) }) }
        for item in items {
            say(isBegun ? "," : "{\"items\": [")
            say(String(decoding: item.bytes, as: UTF8.self), terminator: "")
            isBegun = true
        }
    }

    /// Columns never become narrower, so that later pages stand below the first.
    private mutating func add(rows: [[String]]) {
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.count)
            }
        }
        for row in (isBegun ? [] : [header]) + rows { say(Output.line(row, widths)) }
        isBegun = true
    }

    func end() {
        if isJSON { say(isBegun ? "\n]}" : "{\"items\": []}") }
    }
}
