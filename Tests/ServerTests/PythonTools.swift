import Foundation
import TestSupport
import Testing

/// Other people's programs that read the description of our interface.
enum PythonTools {
    /// Runs a program of the Python environment to its end.
    ///
    /// - Parameter folder: Where it works, and leaves what it leaves.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: URL? = nil
    ) throws -> (code: Int32, words: String) {
        let python = try #require(
            ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"],
            "run through `make test`, which makes the Python environment")
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let words = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, words)
    }

    /// Checks the document itself, then each answer against the schema of its operation.
    static let validator = """
        import json, sys
        from jsonschema import Draft202012Validator
        from openapi_spec_validator import validate

        with open(sys.argv[1]) as file:
            document = json.load(file)
        with open(sys.argv[2]) as file:
            answers = json.load(file)
        validate(document)
        checked = 0
        for answer in answers:
            operation = document["paths"][answer["path"]][answer["method"]]
            response = operation["responses"][str(answer["status"])]
            if "$ref" in response:
                name = response["$ref"].removeprefix("#/components/responses/")
                response = document["components"]["responses"][name]
            content = response.get("content")
            if content is None:
                assert answer["body"] == "", answer
                continue
            schema = dict(content["application/json"]["schema"])
            schema["components"] = document["components"]
            errors = list(Draft202012Validator(schema).iter_errors(json.loads(answer["body"])))
            assert not errors, (answer, errors)
            checked += 1
        print("checked", checked)
        """

    /// Answers of refusal that no schema can foretell, since they depend on what there is: a selector
    /// that no parser takes, an ETag of yesterday.
    static let configuration = """
        [checks]
        positive_data_acceptance.expected-statuses = [
            "2xx", "3xx", "401", "403", "404", "409", "412", "422", "429", "503"]
        negative_data_rejection.expected-statuses = [
            "400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428",
            "429", "503"]

        [output.sanitization]
        enabled = true
        """
}
