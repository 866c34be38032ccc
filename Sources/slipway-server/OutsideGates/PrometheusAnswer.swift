import Foundation
internal import Rollouts

/// An answer to an instant query, whatever it is.
struct PrometheusAnswer: Sendable {
    let status: Int
    let body: [UInt8]

    /// What it says under `pass`; anything but numbers without a warning is unknown.
    func judged(by pass: PassCondition) -> OutsideAnswer {
        let answer: Answer
        do { answer = try JSONDecoder().decode(Answer.self, from: Data(body)) } catch {
            return .unknown("Prometheus answers \(status) with something that is not its JSON")
        }
        guard status == 200, answer.status == "success", let data = answer.data else {
            return .unknown("Prometheus answers \(status): \(answer.error ?? "no data")")
        }
        // A part of the answer, as a federation gives when one of its servers is away, may lack
        // exactly the devices that are ill.
        if let warning = answer.warnings?.first {
            return .unknown("Prometheus answers with a warning: \(warning)")
        }
        switch data {
        case .vector(let samples) where samples.isEmpty:
            return .unknown("the query finds no series")
        case .vector(let samples): return Self.judged(samples, by: pass)
        case .scalar(let value): return Self.judged([Sample(metric: [:], value: value)], by: pass)
        case .other(let kind):
            return .unknown("the query answers with a \(kind), and a vector or scalar is needed")
        }
    }

    private static func judged(_ samples: [Sample], by pass: PassCondition) -> OutsideAnswer {
        var doubt: OutsideAnswer?
        for sample in samples {
            guard let value = sample.value?.number else {
                doubt = doubt ?? .unknown("\(sample.series) has no number")
                continue
            }
            guard pass.isSatisfied(by: value) else {
                guard value.isNaN else { return .fail("\(sample.series) is \(sample.shown)") }
                doubt = doubt ?? .unknown("\(sample.series) is NaN")
                continue
            }
            // Nobody has measured infinity: it is what a division by nothing leaves.
            if value.isInfinite { doubt = doubt ?? .unknown("\(sample.series) is \(sample.shown)") }
        }
        return doubt ?? .pass
    }
}

/// `{"status": …, "data": {"resultType": …, "result": …}, "error": …, "warnings": […]}`.
private struct Answer: Decodable {
    let status: String
    let data: Value?
    let error: String?
    let warnings: [String]?

    enum Value: Decodable {
        case vector([Sample])
        case scalar(Point)
        case other(String)

        private enum Key: CodingKey { case resultType, result }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Key.self)
            switch try members.decode(String.self, forKey: .resultType) {
            case "vector": self = .vector(try members.decode([Sample].self, forKey: .result))
            case "scalar": self = .scalar(try members.decode(Point.self, forKey: .result))
            case let kind: self = .other(kind)
            }
        }
    }
}

/// One series at one moment; a native histogram has no value.
private struct Sample: Decodable {
    let metric: [String: String]
    let value: Point?

    /// As PromQL writes it, labels in order.
    var series: String {
        let labels = metric.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ")
        let name = metric["__name__"] ?? ""
        if labels.isEmpty { return name.isEmpty ? "the answer" : name }
        return "\(name){\(labels)}"
    }

    var shown: String { value?.text ?? "nothing" }
}

/// `[seconds, "number"]`.
private struct Point: Decodable {
    let text: String

    /// Prometheus writes `NaN`, `+Inf` and `-Inf` besides decimal numbers.
    var number: Double? {
        switch text {
        case "NaN": .nan
        case "+Inf", "Inf": .infinity
        case "-Inf": -.infinity
        default: text.allSatisfy { "0123456789.+-eE".contains($0) } ? Double(text) : nil
        }
    }

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        _ = try parts.decode(Double.self)
        text = try parts.decode(String.self)
    }
}
