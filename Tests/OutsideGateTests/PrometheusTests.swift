import Foundation
import Model
import Rollouts
import Server
import TestSupport
import Testing

@testable import slipway_server

/// Queries to a Prometheus server, and what comes of its answers.
@Suite struct PrometheusTests {
    private static func question(
        _ query: String = "up", _ pass: String = "< 0.01"
    ) -> OutsideCheck.Question {
        .prometheus(query: query, pass: must(PassCondition(pass)))
    }

    private static func answer(
        to question: OutsideCheck.Question = question(), _ reply: @escaping @Sendable () -> Reply
    ) async throws -> OutsideAnswer {
        let server = try LoopbackServer { _ in reply() }
        return try await OutsideGates.with([.prometheus: server.url]).ask(
            question, timeoutSeconds: 1)
    }

    private static func vector(_ samples: String...) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":["#
            + samples.joined(separator: ",") + "]}}"
    }

    private static func sample(_ value: String, _ labels: String = "") -> String {
        #"{"metric":{\#(labels)},"value":[1435781451.781,"\#(value)"]}"#
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: String
        let body: String
        let answer: OutsideAnswer

        init(
            _ sentence: String, status: String = "200 OK", _ body: String, _ answer: OutsideAnswer
        ) {
            testDescription = sentence
            self.status = status
            self.body = body
            self.answer = answer
        }
    }

    static let rows: [Row] = [
        Row("a good sample passes", vector(sample("0.003")), .pass),
        Row("all samples have to be good", vector(sample("0"), sample("0.009")), .pass),
        Row(
            "a scalar passes",
            #"{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}"#, .pass),
        Row(
            "a bad scalar fails",
            #"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#,
            .fail("the answer is 1")),
        Row(
            "the first bad series is named",
            vector(
                sample("0.001", #""job":"a""#),
                sample("0.02", #""site":"b\"x","__name__":"errors","job":"b""#),
                sample("0.03", #""job":"c""#)),
            .fail(#"errors{job="b", site="b"x"} is 0.02"#)),
        Row(
            "a bad one beside an unknown one fails", vector(sample("NaN"), sample("1")),
            .fail("the answer is 1")),
        Row("infinitely bad is bad", vector(sample("+Inf")), .fail("the answer is +Inf")),
        Row(
            "infinitely good is unknown", vector(sample("-Inf")),
            .unknown("the answer is -Inf")),
        Row("no series", vector(), .unknown("the query finds no series")),
        Row("NaN", vector(sample("NaN", #""job":"a""#)), .unknown(#"{job="a"} is NaN"#)),
        Row(
            "NaN beside a good one", vector(sample("0"), sample("NaN")),
            .unknown("the answer is NaN")),
        Row(
            "a number in no form of Prometheus", vector(sample("0x1p-9")),
            .unknown("the answer has no number")),
        Row(
            "a native histogram",
            vector(#"{"metric":{"__name__":"h"},"histogram":[1,{"count":"1"}]}"#),
            .unknown("h has no number")),
        Row(
            "a string", #"{"status":"success","data":{"resultType":"string","result":[1,"0"]}}"#,
            .unknown("the query answers with a string, and a vector or scalar is needed")),
        Row(
            "a matrix",
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}"#,
            .unknown("the query answers with a matrix, and a vector or scalar is needed")),
        Row(
            "a warning beside a good answer",
            #"{"status":"success","warnings":["one server is away"],"data":{"resultType":"scalar","result":[1,"0"]}}"#,
            .unknown("Prometheus answers with a warning: one server is away")),
        Row(
            "an error", status: "400 Bad Request",
            #"{"status":"error","errorType":"bad_data","error":"parse error at char 3"}"#,
            .unknown("Prometheus answers 400: parse error at char 3")),
        Row(
            "an error under the status of success",
            #"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
            .unknown("Prometheus answers 200: query timed out")),
        Row(
            "a good answer under the status of an error", status: "503 Service Unavailable",
            vector(sample("0")), .unknown("Prometheus answers 503: no data")),
        Row(
            "success without data", #"{"status":"success"}"#,
            .unknown("Prometheus answers 200: no data")),
    ]

    @Test(arguments: rows)
    func judges(row: Row) async throws {
        let answer = try await Self.answer { .status(row.status, Array(row.body.utf8)) }
        #expect(answer == row.answer)
    }

    @Test(
        arguments: [
            "", "{", "null", "[]", #"{"status":5}"#, "<html>ok</html>",
            #"{"status":"success","data":{"resultType":"vector","result":{}}}"#,
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["0",0]}]}}"#,
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}"#,
            #"{"status":"success","data":{"resultType":"scalar","result":[]}}"#,
            String(repeating: "[", count: 100_000),
        ])
    func whatIsNotItsJSONIsUnknown(body: String) async throws {
        let answer = try await Self.answer { .ok(Array(body.utf8)) }
        #expect(
            answer == .unknown("Prometheus answers 200 with something that is not its JSON"))
    }

    @Test func sendsTheQueryAsItWasWritten() async throws {
        let query = #"sum(rate(errors{release="2.4.1", x=~"a|b+"}[5m])) / 2 & ö"#
        let server = try LoopbackServer { _ in .ok(Array(Self.vector(Self.sample("0")).utf8)) }
        let gates = try OutsideGates.with([.prometheus: "\(server.url)/behind/a/path/"])
        #expect(await gates.ask(Self.question(query)) == .pass)
        let request = try #require(server.requests.first)
        #expect(request.method == "GET")
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        #expect(parts.first == "/behind/a/path/api/v1/query")
        #expect(parts.last?.dropFirst(6).description.removingPercentEncoding == query)
        #expect(parts.last?.contains(where: { "+& ".contains($0) }) == false)
    }

    @Test func silenceIsUnknown() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
        let answer = try await Self.answer { .bytesThenSilence(Array(head.utf8)) }
        #expect("\(answer)".hasPrefix("unknown: Prometheus: timed out"))
    }

    @Test func anEndlessAnswerIsUnknown() async throws {
        let answer = try await Self.answer {
            .endless(
                Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
                repeating: Array(repeating: UInt8(ascii: " "), count: 65_536))
        }
        #expect(answer == .unknown("Prometheus: the answer is longer than 1048576 bytes"))
    }

    @Test func anAnswerThatBreaksOffIsUnknown() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n\(Self.vector(Self.sample("0")))"
        let answer = try await Self.answer { .bytesThenCut(Array(head.utf8)) }
        #expect("\(answer)".hasPrefix("unknown: Prometheus: the connection broke"))
    }

    @Test func nobodyThereIsUnknown() async throws {
        let gates = try OutsideGates.with([
            .prometheus: "http://127.0.0.1:\(try LoopbackServer.deadPort())"
        ])
        #expect("\(await gates.ask(Self.question()))".hasPrefix("unknown: Prometheus: "))
    }

    @Test func withoutTheSettingNobodyIsAsked() async throws {
        let answer = try await OutsideGates.with([:]).ask(Self.question())
        #expect(answer == .unknown("this server's setting prometheus names no server to ask"))
    }

    @Test(arguments: ["", "prometheus:9090", "http://me@prometheus", "http://prometheus/?x=y"])
    func aSettingThatIsNoAddressIsRefused(text: String) {
        #expect(throws: ServerProblem.self) { try OutsideGates.with([.prometheus: text]) }
    }
}
