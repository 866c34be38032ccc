/// The value that a fixture is sure to have.
public func must<Value>(_ value: Value?) -> Value {
    guard let value else { preconditionFailure("a fixture is not as it should be") }
    return value
}
