internal import NIOCore
internal import Synchronization

/// All connections of clients, so that there are never more than the server can hold.
///
/// When there is no room, the one goes that has waited longest without asking anything: a thousand
/// that were only opened do not keep out one that asks.
final class ConnectionRegister: Sendable {
    /// A connection that has its place in the register.
    struct Place: Sendable {
        fileprivate let index: Int
        fileprivate let register: ConnectionRegister

        /// Nothing was asked that is not answered: it may be closed for another.
        func waits() { register.books.withLock { $0.append(index) } }
        /// Something is asked and not answered.
        func isBusy() { register.books.withLock { $0.detach(index) } }
        func leave() { register.books.withLock { $0.remove(index) } }
    }

    private let books: Mutex<Books>

    init(limit: Int, limitPerAddress: Int) {
        books = Mutex(Books(limit: limit, limitPerAddress: limitPerAddress))
    }

    /// Gives `channel` a place, in which it waits; `nil` when all others are busy.
    ///
    /// - Parameter address: Whose connections are counted together; `nil` for a trusted proxy, of
    ///   which there may be as many as there may be at all.
    func enter(_ channel: any Channel, from address: NetworkAddress?) -> Place? {
        let (index, gone) = books.withLock { $0.insert(channel, address?.site) }
        for channel in gone { channel.close(mode: .all, promise: nil) }
        return index.map { Place(index: $0, register: self) }
    }
}

/// Places in an array; those that wait are chained, the longest waiting first.
private struct Books {
    private struct Entry {
        let channel: any Channel
        let address: NetworkAddress?
        var isWaiting = false
        /// It was told to go, and is not counted any more.
        var isLeaving = false
        var previous: Int?
        var next: Int?
    }

    private let limit: Int
    private let limitPerAddress: Int
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var first: Int?
    private var last: Int?
    private var countOfAddress: [NetworkAddress: Int] = [:]
    /// Those that were told to go are not counted.
    private(set) var count = 0

    init(limit: Int, limitPerAddress: Int) {
        self.limit = limit
        self.limitPerAddress = limitPerAddress
    }

    /// Gives the place, and the connections that have to go for it.
    mutating func insert(
        _ channel: any Channel, _ address: NetworkAddress?
    ) -> (index: Int?, gone: [any Channel]) {
        var gone: [any Channel] = []
        if let address, countOfAddress[address, default: 0] >= limitPerAddress {
            guard let channel = dismissLongestWaiting(of: address) else { return (nil, gone) }
            gone.append(channel)
        }
        if count >= limit {
            guard let channel = dismissLongestWaiting(of: nil) else { return (nil, gone) }
            gone.append(channel)
        }
        let index = free.popLast() ?? entries.count
        if index == entries.count { entries.append(nil) }
        entries[index] = Entry(channel: channel, address: address)
        count += 1
        if let address { countOfAddress[address, default: 0] += 1 }
        append(index)
        return (index, gone)
    }

    private mutating func dismissLongestWaiting(of address: NetworkAddress?) -> (any Channel)? {
        var candidate = first
        while let index = candidate, let entry = entries[index] {
            if address == nil || entry.address == address {
                detach(index)
                entries[index]?.isLeaving = true
                discount(entry.address)
                return entry.channel
            }
            candidate = entry.next
        }
        return nil
    }

    private mutating func discount(_ address: NetworkAddress?) {
        count -= 1
        guard let address, let others = countOfAddress[address] else { return }
        countOfAddress[address] = others > 1 ? others - 1 : nil
    }

    /// Puts the entry behind all that wait.
    mutating func append(_ index: Int) {
        detach(index)
        guard entries[index]?.isLeaving == false else { return }
        entries[index]?.isWaiting = true
        entries[index]?.previous = last
        if let last { entries[last]?.next = index } else { first = index }
        last = index
    }

    /// Takes the entry out of those that wait, if it does.
    mutating func detach(_ index: Int) {
        guard let entry = entries[index], entry.isWaiting else { return }
        if let previous = entry.previous {
            entries[previous]?.next = entry.next
        } else {
            first = entry.next
        }
        if let next = entry.next {
            entries[next]?.previous = entry.previous
        } else {
            last = entry.previous
        }
        entries[index]?.isWaiting = false
        entries[index]?.previous = nil
        entries[index]?.next = nil
    }

    mutating func remove(_ index: Int) {
        detach(index)
        guard let entry = entries[index] else { return }
        if !entry.isLeaving { discount(entry.address) }
        entries[index] = nil
        free.append(index)
    }
}
