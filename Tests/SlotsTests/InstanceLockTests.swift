import Agent
import Foundation
import Slots
import Testing

@Suite struct InstanceLockTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/lock" }

    init() throws { folder = try TemporaryFolder() }

    @Test func isHeldByOne() throws {
        let first = try InstanceLock(path)
        #expect(first != nil)
        #expect(try InstanceLock(path) == nil)
        withExtendedLifetime(first) {}
    }

    @Test func endsWithItsLife() throws {
        do { #expect(try InstanceLock(path) != nil) }
        #expect(try InstanceLock(path) != nil)
    }

    @Test func keepsOutAnotherProcess() throws {
        let lock = try InstanceLock(path)
        #expect(try run("/usr/bin/env", "flock", "-n", path, "true").status == 1)
        withExtendedLifetime(lock) {}
    }

    /// A program that the agent starts must not keep the lock when the agent ends.
    @Test func isNotInheritedByAChild() throws {
        let lock = try InstanceLock(path)
        try Command.run(
            ["/bin/sh", "-c", "! ls -l /proc/self/fd | grep -qF \"$1\"", "sh", path],
            timeout: .seconds(20))
        withExtendedLifetime(lock) {}
    }

    @Test func aMissingFolderIsAnError() {
        #expect(throws: SlotError.missing(path: "\(folder.path)/none/lock")) {
            try InstanceLock("\(folder.path)/none/lock")
        }
    }
}
