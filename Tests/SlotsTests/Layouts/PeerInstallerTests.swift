import Agent
import Foundation
import Model
import Slots
import Testing

/// Other people's installers, as Debian packs them, behind the scripts that come with Slipway.
@Suite(.serialized) struct PeerInstallerTests {
    private let folder: TemporaryFolder
    static let bytes = image(100_000, seed: 11)

    static let scripts = packageRoot.appending(path: "packaging/installers").path

    init() throws { folder = try TemporaryFolder() }

    /// Runs lines of a shell in the folder; what they print.
    @discardableResult
    private func shell(_ lines: String) throws -> String {
        let end = try run("/bin/sh", "-e", "-c", "cd '\(folder.path)'\n\(lines)")
        try #require(end.status == 0, "\(end.output)\(end.error)")
        return end.output
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)")))
    }

    private func writeImage() throws {
        try Data(Self.bytes).write(to: URL(filePath: "\(folder.path)/rootfs.img"))
    }

    private func slots(
        _ environment: [String], _ script: String, _ names: [String] = ["a", "b"],
        identify: [String]
    ) throws -> InstallerSlots {
        InstallerSlots(
            [try slot("a"): names[0], try slot("b"): names[1]],
            spoolFolder: "\(folder.path)/spool", recordFolder: "\(folder.path)/slots",
            install: ["env"] + environment
                + ["\(Self.scripts)/\(script)", "install", "{file}", "{slot}"],
            identify: identify.isEmpty ? [] : ["env"] + environment + identify,
            timeout: .seconds(60))
    }

    private func install(_ file: String, _ slots: InstallerSlots) throws -> Payload {
        let file = try bytes(file)
        return try slots.install(
            file, Payload(.installer, of: file), in: slot("b"), pieces: 40_000)
    }

    // MARK: SWUpdate

    private func makeSWU() throws {
        try writeImage()
        let digest = sha256(Self.bytes).hex
        let selections = ["a", "b"].map { name in
            """
            \(name): { images: ( { filename = "rootfs.img"; device = "\(folder.path)/\(name).img";
                type = "raw"; sha256 = "\(digest)"; } ); };
            """
        }
        try folder.write(
            """
            software = { version = "1.0"; hardware-compatibility: [ "1.0" ];
            stable: { \(selections.joined(separator: "\n")) }; };
            """, to: "sw-description")
        try shell(
            """
            truncate -s 100000 a.img b.img
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=swu \
                -days 30 -addext extendedKeyUsage=emailProtection \
                -addext keyUsage=digitalSignature,keyCertSign 2>/dev/null
            openssl cms -sign -in sw-description -out sw-description.sig -signer cert.pem \
                -inkey key.pem -outform DER -nosmimecap -binary
            printf 'sw-description\\nsw-description.sig\\nrootfs.img\\n' \
                | cpio --quiet -o -H crc > update.swu
            """)
    }

    @Test func swupdateFillsTheSlotThatIsMeant() throws {
        try makeSWU()
        let slots = try slots(
            ["SWUPDATE_ARGS=-k \(folder.path)/cert.pem -H board:1.0"], "swupdate",
            identify: ["/bin/sh", "-c", "\(Self.scripts)/digest \(folder.path)/$0.img", "{slot}"])
        let payload = try install("update.swu", slots)
        #expect(try bytes("b.img") == Self.bytes)
        #expect(try bytes("a.img") == [UInt8](repeating: 0, count: 100_000))
        #expect(try slots.holds(payload, in: slot("b")))
        try shell("printf x | dd of=b.img bs=1 seek=77 conv=notrunc 2>/dev/null")
        #expect(try !slots.holds(payload, in: slot("b")))
    }

    @Test func whatSwupdateRefusesIsAnErrorInItsWords() throws {
        try makeSWU()
        let slots = try slots(
            ["SWUPDATE_ARGS=-k \(folder.path)/cert.pem -H board:2.0"], "swupdate", identify: [])
        #expect(throws: SlotError.self) { _ = try install("update.swu", slots) }
        #expect(try bytes("b.img") == [UInt8](repeating: 0, count: 100_000))
    }

    // MARK: RAUC

    /// A bundle, a device with two slots in files, and a bootloader of a few lines.
    private func makeRAUC() throws {
        try writeImage()
        try folder.write(
            """
            [system]
            compatible=test
            bootloader=custom
            activate-installed=false
            statusfile=\(folder.path)/status
            mountprefix=\(folder.path)/mnt
            [keyring]
            path=\(folder.path)/cert.pem
            [handlers]
            bootloader-custom-backend=\(folder.path)/backend
            [slot.rootfs.0]
            device=\(folder.path)/0.img
            type=raw
            bootname=A
            [slot.rootfs.1]
            device=\(folder.path)/1.img
            type=raw
            bootname=B

            """, to: "system.conf")
        try folder.write(
            """
            #!/bin/sh
            cd '\(folder.path)'
            case $1 in
            get-primary) cat primary ;;
            set-primary) echo "$2" > primary ;;
            get-state) cat "state-$2" 2>/dev/null || echo good ;;
            set-state) echo "$3" > "state-$2" ;;
            esac

            """, to: "backend")
        try folder.write(
            """
            [update]
            compatible=test
            version=1.0
            [image.rootfs]
            filename=rootfs.img

            """, to: "manifest.raucm")
        try shell(
            """
            chmod +x backend; echo A > primary; truncate -s 200000 0.img 1.img
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=rauc \
                -days 90 2>/dev/null
            mkdir -p mnt bundle; cp rootfs.img manifest.raucm bundle/
            rauc --cert cert.pem --key key.pem --keyring cert.pem bundle bundle update.raucb 2>&1
            printf 'boot-1' > boot-id
            """)
    }

    /// A word that runs `command` on a bus of its own with RAUC's service, which has booted `name`.
    private func withService(_ name: String = "A") throws -> String {
        let path = "\(folder.path)/with-service"
        try folder.write(
            """
            #!/bin/sh
            # Started by dbus-run-session: the service answers before the command is run.
            export DBUS_STARTER_BUS_TYPE=session
            rauc -c '\(folder.path)/system.conf' --override-boot-slot="$BOOTED" service \
                > '\(folder.path)/service.log' 2>&1 &
            service=$!
            until rauc status > /dev/null 2>&1; do kill -0 $service || exit 9; done
            end=0
            "$@" || end=$?
            kill $service
            wait $service || :
            exit $end

            """, to: "with-service")
        try shell("chmod +x with-service")
        return path
    }

    private func rauc(_ words: String, booted: String) throws -> String {
        try shell(
            """
            BOOTED=\(booted) SLIPWAY_RAUC_NOTE=note SLIPWAY_BOOT_ID_FILE=boot-id \
                dbus-run-session -- ./with-service '\(Self.scripts)/rauc-boot' rootfs.0 rootfs.1 \
                \(words) 2>>log
            """)
    }

    @Test func raucFillsTheInactiveSlot() throws {
        try makeRAUC()
        let service = try withService()
        let bus = ["BOOTED=A", "dbus-run-session", "--", service]
        let slots = try slots(
            bus, "rauc", ["rootfs.0", "rootfs.1"],
            identify: ["\(Self.scripts)/rauc", "identify", "{slot}"])
        let payload = try install("update.raucb", slots)
        #expect(try Array(bytes("1.img")[..<100_000]) == Self.bytes)
        #expect(try bytes("0.img") == [UInt8](repeating: 0, count: 200_000))
        #expect(payload.installedLength == 68)
        #expect(try slots.holds(payload, in: slot("b")))
        // To install is not to activate.
        #expect(try folder.text(of: "primary") == "A\n")
        let file = try bytes("update.raucb")
        #expect(throws: SlotError.self) {
            try slots.install(file, Payload(.installer, of: file), in: slot("a"), pieces: 40_000)
        }
    }

    @Test func raucsBootloaderHandlingIsABootloader() throws {
        try makeRAUC()
        _ = try withService()
        #expect(try rauc("status", booted: "A") == "booted=a\nconfirmed=a\n")
        _ = try rauc("arm b", booted: "A")
        #expect(try folder.text(of: "primary") == "B\n")
        #expect(
            try rauc("status", booted: "A") == "booted=a\nconfirmed=a\ntrial=b\ntries=1\n")
        try folder.write("boot-2", to: "boot-id")
        for _ in 0..<2 {
            #expect(
                try rauc("status", booted: "B") == "booted=b\nconfirmed=a\ntrial=b\ntries=0\n")
        }
        _ = try rauc("confirm b", booted: "B")
        #expect(try rauc("status", booted: "B") == "booted=b\nconfirmed=b\n")
        #expect(try folder.text(of: "state-B") == "good\n")
    }

    @Test func aSecondBootIntoATrialOfRaucIsTheLast() throws {
        try makeRAUC()
        _ = try withService()
        _ = try rauc("arm b", booted: "A")
        try folder.write("boot-2", to: "boot-id")
        _ = try rauc("status", booted: "B")
        try folder.write("boot-3", to: "boot-id")
        #expect(try rauc("status", booted: "B").hasSuffix("trial=b\ntries=0\n"))
        #expect(try folder.text(of: "state-B") == "bad\n")
        #expect(try folder.text(of: "primary") == "A\n")
        try folder.write("boot-4", to: "boot-id")
        #expect(
            try rauc("status", booted: "A") == "booted=a\nconfirmed=a\ntrial=b\ntries=0\n")
        _ = try rauc("disarm", booted: "A")
        #expect(try rauc("status", booted: "A") == "booted=a\nconfirmed=a\n")
    }

    // MARK: Mender update modules

    /// An Artifact of version 3 for Debian's own module `single-file`, or one of ours.
    private func makeArtifact(_ text: String, type: String = "single-file") throws {
        try shell(
            """
            rm -rf art; mkdir -p art/headers/0000 art/data art/payload
            printf '%s' '\(text)' > art/payload/app.conf
            printf '%s/target' "$PWD" > art/payload/dest_dir
            echo app.conf > art/payload/filename
            echo 640 > art/payload/permissions
            printf '{"format":"mender","version":3}' > art/version
            printf '{"payloads":[{"type":"\(type)"}],\
            "artifact_provides":{"artifact_name":"app-2"},\
            "artifact_depends":{"device_type":["gw"]}}' > art/header-info
            printf '{"type":"\(type)"}' > art/headers/0000/type-info
            tar -C art/payload -czf art/data/0000.tar.gz app.conf dest_dir filename permissions
            tar -C art -czf art/header.tar.gz header-info headers
            : > art/manifest
            tar -C art -cf app.mender version manifest header.tar.gz data/0000.tar.gz
            printf 'device_type=gw\\n' > device_type
            """)
    }

    private func menderEnvironment(_ modules: String) -> [String] {
        [
            "MENDER_MODULES=\(modules)", "MENDER_DEVICE_TYPE=\(folder.path)/device_type",
            "SLIPWAY_MENDER_STATE=\(folder.path)/state",
            "SLIPWAY_BOOT_ID_FILE=\(folder.path)/boot-id",
        ]
    }

    private func mender(
        _ words: String, modules: String = "/usr/share/mender/modules/v3"
    ) throws -> String {
        let environment = menderEnvironment(modules).map { "'\($0)'" }.joined(separator: " ")
        return try shell("env \(environment) '\(Self.scripts)/mender' \(words) 2>>log")
    }

    private func installArtifact(
        modules: String = "/usr/share/mender/modules/v3"
    ) throws -> Payload {
        let slots = try slots(
            menderEnvironment(modules), "mender",
            identify: ["\(Self.scripts)/mender", "identify", "{slot}"])
        let payload = try install("app.mender", slots)
        #expect(try slots.holds(payload, in: slot("b")))
        return payload
    }

    @Test func aMenderModuleInstallsWithTheTrialAndCommitsWithTheProof() throws {
        try shell("mkdir target; printf old > target/app.conf; printf boot-1 > boot-id")
        try makeArtifact("new")
        #expect(try mender("status") == "booted=a\nboot_id=boot-1\nconfirmed=a\n")
        _ = try installArtifact()
        #expect(try folder.text(of: "target/app.conf") == "old")
        _ = try mender("arm b")
        #expect(try folder.text(of: "target/app.conf") == "new")
        #expect(
            try mender("status") == "booted=a\nboot_id=boot-1\nconfirmed=a\ntrial=b\ntries=1\n")
        try folder.write("boot-2", to: "boot-id")
        #expect(
            try mender("status") == "booted=b\nboot_id=boot-2\nconfirmed=a\ntrial=b\ntries=0\n")
        _ = try mender("confirm b")
        #expect(try mender("status") == "booted=b\nboot_id=boot-2\nconfirmed=b\n")
        #expect(try folder.text(of: "target/app.conf") == "new")
        #expect(try folder.permissions(of: "target/app.conf") == 0o640)
        let digest = try sha256(bytes("app.mender")).hex
        #expect(try mender("identify b") == "\(digest)  -\n")
    }

    @Test func aTrialOfAMenderModuleThatIsNotConfirmedIsRolledBack() throws {
        try shell("mkdir target; printf old > target/app.conf; printf boot-1 > boot-id")
        try makeArtifact("new")
        _ = try installArtifact()
        _ = try mender("arm b")
        try folder.write("boot-2", to: "boot-id")
        _ = try mender("status")
        try folder.write("boot-3", to: "boot-id")
        #expect(
            try mender("status") == "booted=a\nboot_id=boot-3\nconfirmed=a\ntrial=b\ntries=0\n")
        #expect(try folder.text(of: "target/app.conf") == "old")
        _ = try mender("disarm")
        #expect(try mender("status") == "booted=a\nboot_id=boot-3\nconfirmed=a\n")
        // The next update finds a clean place.
        try makeArtifact("newer")
        _ = try installArtifact()
        _ = try mender("arm b")
        #expect(try folder.text(of: "target/app.conf") == "newer")
    }

    /// A module that notes each call, streams its files, and is cut off in the installation.
    @Test func aMenderModuleIsCalledAsTheProtocolSays() throws {
        try shell("mkdir target modules; printf boot-1 > boot-id")
        try folder.write(
            """
            #!/bin/sh
            echo "$1" >> '\(folder.path)/calls'
            [ "$PWD" = "$2" ] && [ "$(cat version)" = 3 ] || exit 8
            case $1 in
            ProvidePayloadFileSizes | NeedsArtifactReboot | SupportsRollback) echo Yes ;;
            DownloadWithFileSizes)
                while read -r line < stream-next && [ -n "$line" ]; do
                    echo "$line" >> '\(folder.path)/streams'
                    cat "${line% *}" >> '\(folder.path)/streamed'
                done
                ;;
            ArtifactInstall) [ ! -e '\(folder.path)/fails' ] || exit 7 ;;
            esac

            """, to: "modules/ours")
        try shell("chmod +x modules/ours")
        try makeArtifact("text", type: "ours")
        let modules = "\(folder.path)/modules"
        _ = try installArtifact(modules: modules)
        #expect(try folder.text(of: "streams").contains("streams/app.conf 4\n"))
        #expect(try folder.text(of: "streamed").contains("text"))
        #expect(try folder.text(of: "state/tree/header/artifact_name") == "app-2")
        #expect(try folder.text(of: "state/tree/current_device_type") == "gw\n")
        _ = try mender("arm b", modules: modules)
        try folder.write("boot-2", to: "boot-id")
        _ = try mender("status", modules: modules)
        _ = try mender("confirm b", modules: modules)
        #expect(
            try folder.text(of: "calls").split(separator: "\n") == [
                "ProvidePayloadFileSizes", "DownloadWithFileSizes", "ArtifactInstall",
                "NeedsArtifactReboot", "ArtifactReboot", "NeedsArtifactReboot",
                "ArtifactVerifyReboot", "ArtifactCommit", "Cleanup",
            ])
    }

    @Test func anInstallationOfAMenderModuleThatFailsIsUndone() throws {
        try shell("mkdir target modules; printf boot-1 > boot-id")
        try folder.write(
            """
            #!/bin/sh
            echo "$1" >> '\(folder.path)/calls'
            case $1 in
            SupportsRollback) echo Yes ;;
            ArtifactInstall) exit 7 ;;
            esac

            """, to: "modules/ours")
        try shell("chmod +x modules/ours")
        try makeArtifact("text", type: "ours")
        let modules = "\(folder.path)/modules"
        _ = try installArtifact(modules: modules)
        let environment = menderEnvironment(modules).map { "'\($0)'" }.joined(separator: " ")
        let end = try shell("env \(environment) '\(Self.scripts)/mender' arm b 2>>log || echo $?")
        #expect(end == "1\n")
        #expect(
            try folder.text(of: "calls").hasSuffix(
                "ArtifactInstall\nSupportsRollback\nArtifactRollback\nArtifactFailure\n"))
        #expect(
            try mender("status", modules: modules) == "booted=a\nboot_id=boot-1\nconfirmed=a\n")
    }

    @Test func anArtifactForAModuleThatIsNotThereIsRefused() throws {
        try shell("mkdir target; printf boot-1 > boot-id")
        try makeArtifact("text", type: "nobodys")
        #expect(throws: SlotError.self) { _ = try installArtifact() }
    }
}
