internal import Curl
internal import Orchestrator

/// Why a bucket did not do what it was asked.
enum BucketError: Error, Hashable {
    case network(HTTPError)
    /// What it answered, with its own word for the reason where it gave one.
    case refused(status: Int, code: String)
    /// It answered something that no bucket answers.
    case unreadable(String)
    case file(String)

    /// Whether the same request may go through a little later.
    var isTransient: Bool {
        switch self {
        case .network(let error):
            switch error {
            case .unreachable, .network, .timedOut: true
            case .badURL, .certificate, .tooLong, .library: false
            }
        case .refused(let status, let code):
            status >= 500 || status == 429 || code == "RequestTimeout" || code == "SlowDown"
        case .unreadable, .file: false
        }
    }

    var storeError: StoreError {
        isTransient ? .unreachable("the bucket: \(self)") : .failed("the bucket: \(self)")
    }
}

extension BucketError: CustomStringConvertible {
    var description: String {
        switch self {
        case .network(let error): "\(error)"
        case .refused(let status, let code):
            code.isEmpty ? "it answered \(status)" : "\(code) (\(status))"
        case .unreadable(let what): "its answer is not understood: \(what)"
        case .file(let problem): problem
        }
    }
}
