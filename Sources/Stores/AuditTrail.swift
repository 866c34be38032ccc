internal import Audit

/// The log as one writing transaction goes on with it.
///
/// A class, since all copies of the transaction's value write one chain.
final class AuditTrail {
    let pen: AuditPen
    /// The newest row, once this transaction has looked; whoever changes nothing never does.
    var head: AuditHead?

    init(_ pen: AuditPen) { self.pen = pen }
}
