import Foundation
internal import Telemetry

/// What the kernel says of this process, under the names that Prometheus' own libraries use.
struct ProcessFigures: Sendable {
    let startUnixNanoseconds: UInt64

    private static let cpu = MetricDescription(
        "process_cpu_seconds_total", .counter, "Processor time of this process.")
    private static let resident = MetricDescription(
        "process_resident_memory_bytes", .gauge, "Memory of this process that is in use.")
    private static let virtual = MetricDescription(
        "process_virtual_memory_bytes", .gauge, "Addresses of this process that are taken.")
    private static let openFiles = MetricDescription(
        "process_open_fds", .gauge, "File descriptors that are open.")
    private static let maximumFiles = MetricDescription(
        "process_max_fds", .gauge, "File descriptors that may be open.")
    private static let start = MetricDescription(
        "process_start_time_seconds", .gauge, "When this process started.")
    private static let build = MetricDescription(
        "slipway_build_info", .gauge, "Always 1; the label tells which version runs.",
        labels: ["version"])

    var families: [MetricFamily] {
        var families = [
            MetricFamily(Self.start, (Double(startUnixNanoseconds) / 1e9).rounded(.down)),
            MetricFamily(Self.build, [.init([ProgramVersion.text], .number(1))]),
        ]
        if let status = Self.status {
            families += [
                MetricFamily(Self.cpu, status.cpuSeconds),
                MetricFamily(Self.resident, status.residentBytes),
                MetricFamily(Self.virtual, status.virtualBytes),
            ]
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // One of them is the folder's own.
            families.append(MetricFamily(Self.openFiles, Double(max(0, open.count - 1))))
        }
        if let limit = Self.fileLimit { families.append(MetricFamily(Self.maximumFiles, limit)) }
        return families
    }

    private struct Status {
        let cpuSeconds: Double
        let residentBytes: Double
        let virtualBytes: Double
    }

    /// proc(5): the fields behind the program's name, which may have spaces and brackets in it.
    private static var status: Status? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let bracket = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
        // The state, which is field 3 of the manual page, is the first one here.
        guard fields.count > 21, let user = Double(fields[11]), let kernel = Double(fields[12]),
            let virtual = Double(fields[20]), let pages = Double(fields[21])
        else { return nil }
        return Status(
            cpuSeconds: (user + kernel) / ticksPerSecond, residentBytes: pages * pageBytes,
            virtualBytes: virtual)
    }

    private static var fileLimit: Double? {
        let text = try? String(contentsOfFile: "/proc/self/limits", encoding: .utf8)
        let line = text?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        guard let soft = line?.split(separator: " ").dropFirst(3).first else { return nil }
        return soft == "unlimited" ? .infinity : Double(soft)
    }
}
