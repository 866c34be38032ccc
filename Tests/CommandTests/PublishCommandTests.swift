import Foundation
import Testing

/// Keys, repositories and images, from the command line.
@Suite struct PublishCommandTests {
    @Test func makesKeysThatOnlyTheirOwnerMayRead() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        var looked = 0
        for name in [
            "offline/root-1", "offline/root-2", "offline/root-3", "offline/targets",
            "online/snapshot", "online/timestamp", "online/offer",
        ] {
            let path = slipway.folder.appending(path: "acme/keys/\(name).pem").path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
            looked += 1
        }
        #expect(looked == 7)
    }

    @Test func doesNotMakeARepositoryTwice() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let end = try slipway.run(["repo", "init", "acme"])
        #expect(end.code == 73)
        #expect(end.errors.contains("there is a repository already"))
    }

    @Test func publishesAndVerifies() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let image = try slipway.file("firmware.img", "firmware 2")
        #expect(try slipway.publish(image).code == 0)

        let end = try slipway.run([
            "verify", image, "--repo", "acme", "--hardware", "gw-2", "--json",
        ])

        #expect(end.code == 0)
        let json = try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any]
        #expect(json?["matches"] as? Bool == true)
        #expect(json?["release"] as? String == "acme 2.0.0")
        #expect((json?["signed_by"] as? [String])?.count == 1)
    }

    @Test func publishingAgainChangesNothing() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let image = try slipway.file("firmware.img", "firmware 2")
        _ = try slipway.publish(image)
        let metadata = slipway.folder.appending(path: "acme/repository/metadata").path
        let before = try FileManager.default.contentsOfDirectory(atPath: metadata).sorted()

        let end = try slipway.publish(image)

        #expect(end.code == 0)
        #expect(end.output.contains("already published"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: metadata).sorted() == before)
    }

    @Test func tellsImagesOfSeveralModelsApart() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        for model in ["gw-2", "gw-3"] {
            let image = try slipway.file("firmware.img", "for \(model)")
            try slipway.succeed(
                "release", "publish", image, "--name", "acme", "--version", "2.0.0", "--hardware",
                model, "--keys", "acme/keys", "--repo", "acme")
            try slipway.succeed("verify", image, "--repo", "acme", "--hardware", model)
        }
        // The same image by another name is the same image.
        let renamed = try slipway.file("renamed.img", "for gw-2")
        #expect(try slipway.publish(renamed).output.contains("already published"))
    }

    @Test func refusesOtherBytesForTheSameVersion() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        _ = try slipway.publish(try slipway.file("firmware.img", "firmware 2"))

        let end = try slipway.publish(try slipway.file("firmware.img", "firmware two"))

        #expect(end.code == 65)
        #expect(end.errors.contains("cannot be changed"))
        // Under another file name it is the same release for the same hardware.
        let other = try slipway.publish(try slipway.file("other.img", "firmware two"))
        #expect(other.code == 65)
        #expect(other.errors.contains("already has an image"))
    }

    @Test func saysWhatIsWrongWithAnImage() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let missing = try slipway.publish("nowhere.img")
        #expect(missing.code == 66)
        #expect(missing.errors == "slipway: nowhere.img: there is no such file\n")
        let empty = try slipway.publish(try slipway.file("empty.img", ""))
        #expect(empty.code == 65)
        #expect(empty.errors.contains("the image is empty"))
        let folder = try slipway.publish("acme")
        #expect(folder.code == 65)
        let named = try slipway.publish(try slipway.file("my firmware.img", "x"))
        #expect(named.code == 65)
        #expect(named.errors.contains("file's name"))
    }

    @Test func saysThatTheDiskIsFull() throws {
        let slipway = try Slipway()
        let disk = slipway.folder.appending(path: "acme")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
        let env = URL(filePath: "/usr/bin/env")
        let mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "slipway", disk.path]
        guard try slipway.run(env, mount).code == 0 else {
            return withKnownIssue("a full disk is not tried here: only root may mount one") {
                Issue.record("no small disk can be mounted")
            }
        }
        defer { _ = try? slipway.run(env, ["umount", "-l", disk.path]) }
        try slipway.succeed("repo", "init", "acme")
        let image = try slipway.file("big.img", String(repeating: "x", count: 1_000_000))

        let end = try slipway.publish(image)

        #expect(end.code == 73)
        #expect(end.errors.contains("cannot write"), "\(end.errors)")
        // Nothing half is left, and what fits is published.
        let targets = disk.appending(path: "repository/targets")
        let left = FileManager.default.enumerator(at: targets, includingPropertiesForKeys: nil)
        #expect(left?.allObjects.count == 0)
        #expect(try slipway.publish(try slipway.file("small.img", "x")).code == 0)
    }

    @Test func refusesAKeyThatOthersCouldHaveRead() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let key = slipway.folder.appending(path: "acme/keys/offline/targets.pem").path
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)

        let end = try slipway.publish(try slipway.file("firmware.img", "x"))

        #expect(end.code == 77)
        #expect(end.errors.contains("can be read by others"))
    }

    @Test func refusesTheKeysOfAnotherRepository() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        try slipway.succeed("repo", "init", "other")
        let image = try slipway.file("firmware.img", "x")

        let end = try slipway.run([
            "release", "publish", image, "--name", "acme", "--version", "1", "--hardware", "gw-2",
            "--keys", "other/keys", "--repo", "acme", "--root",
            "acme/repository/metadata/1.root.json",
        ])

        #expect(end.code == 77)
        #expect(end.errors.contains("may sign nothing"))
    }

    @Test func encryptsAKeyUnderAPassphrase() throws {
        let slipway = try Slipway()
        let passphrase = try slipway.file("passphrase", "correct horse\n")
        let said = try slipway.succeed(
            "key", "generate", "key.pem", "--passphrase-file", passphrase)
        #expect(said.contains("public key"))
        let pem = try String(
            contentsOf: slipway.folder.appending(path: "key.pem"), encoding: .utf8)
        #expect(pem.contains("BEGIN ENCRYPTED PRIVATE KEY"))
        #expect(try slipway.run(["key", "generate", "key.pem"]).code == 73)
    }

    @Test func everythingThatPrintsDataPrintsJSON() throws {
        let slipway = try Slipway()
        let image = try slipway.file("firmware.img", "x")
        let said = [
            try slipway.succeed("repo", "init", "acme", "--json"),
            try slipway.succeed("key", "generate", "key.pem", "--json"),
            try slipway.publish(image, more: ["--json"]).output,
            try slipway.succeed("verify", image, "--repo", "acme", "--json"),
        ]
        for text in said {
            let json = try JSONSerialization.jsonObject(with: Data(text.utf8))
            #expect((json as? [String: Any])?.isEmpty == false, "\(text)")
        }
    }

    @Test func writesTheSameBytesForTheSameTime() throws {
        let slipway = try Slipway()
        slipway.environment["SOURCE_DATE_EPOCH"] = "1767225600"
        try slipway.succeed("repo", "init", "one", "--keys", "keys")
        try slipway.succeed("repo", "init", "two", "--keys", "keys")
        for name in ["1.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"] {
            let files = ["one", "two"].map {
                slipway.folder.appending(path: "\($0)/repository/metadata/\(name)")
            }
            #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]), "\(name)")
        }
    }
}
