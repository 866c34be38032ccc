/// One of the four comparisons that need an order.
enum SelectorOrder: Hashable, Sendable {
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}
