import Foundation

/// SWUpdate, which streams an image that a CMS signature names.
final class SWUpdateInstaller: Installer {
    let name = "swupdate"
    private let stage: InstallStage

    init(_ stage: InstallStage) throws {
        self.stage = stage
        try stage.shell(Self.archive)
    }

    func prepare() -> [Process] { [] }

    func start() throws -> Process {
        let process = try stage.process(
            [
                "swupdate", "-k", "certificate.pem", "-H", "bench:1.0", "-d",
                "-u \(stage.address)/image.swu -r 1",
            ], log: name,
            environment: ["TMPDIR": stage.folder.appending(path: "swupdate/scratch").path])
        try process.run()
        return process
    }

    private static let archive = """
        mkdir -p swupdate/scratch
        cat >swupdate/sw-description <<END
        software = {
            version = "2";
            hardware-compatibility = ["1.0"];
            images: ({
                filename = "image.img"; device = "$PWD/slot.img"; type = "raw";
                sha256 = "$(sha256sum <image.img | cut -c 1-64)"; installed-directly = true;
            });
        }
        END
        ln image.img swupdate/image.img
        cd swupdate
        openssl cms -sign -in sw-description -out sw-description.sig -outform DER -nosmimecap \
            -binary -signer ../certificate.pem -inkey ../key.pem
        printf '%s\\n' sw-description sw-description.sig image.img |
            cpio -o -H crc >../site/image.swu
        """
}

/// RAUC, which fetches a plain bundle into a temporary file, verifies it whole, and copies it.
final class RAUCInstaller: Installer {
    let name = "rauc"
    private let stage: InstallStage
    private let bus: Process

    private var environment: [String: String] {
        [
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=\(stage.folder.path)/bus",
            "TMPDIR": stage.folder.appending(path: "rauc/scratch").path,
        ]
    }

    init(_ stage: InstallStage) throws {
        self.stage = stage
        try stage.shell(Self.bundle)
        bus = try stage.process(
            ["dbus-daemon", "--config-file=rauc/bus.conf", "--nofork", "--nopidfile"], log: "bus")
        try bus.run()
        try stage.wait(for: "message bus") {
            FileManager.default.fileExists(atPath: stage.folder.appending(path: "bus").path)
        }
    }

    func prepare() throws -> [Process] {
        try stage.shell("rm -f rauc/status")
        let service = try stage.process(
            ["rauc", "--conf=rauc/system.conf", "--override-boot-slot=a", "service"],
            log: "rauc-service", environment: environment)
        try service.run()
        try stage.wait(for: "service of RAUC") {
            (try? stage.shell(Self.question, environment: environment)) != nil
        }
        return [service]
    }

    func start() throws -> Process {
        let process = try stage.process(
            ["rauc", "install", "\(stage.address)/image.raucb"], log: name,
            environment: environment)
        try process.run()
        return process
    }

    func close() { bus.end() }

    private static let question = """
        dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.NameHasOwner string:de.pengutronix.rauc | grep -q 'boolean true'
        """

    private static let bundle = """
        mkdir -p rauc/bundle rauc/mounts rauc/scratch
        cat >rauc/bundle/manifest.raucm <<END
        [update]
        compatible=bench
        version=2
        [image.rootfs]
        filename=image.img
        END
        ln image.img rauc/bundle/image.img
        rauc --cert=certificate.pem --key=key.pem \
            --mksquashfs-args='-noI -noD -noF -no-xattrs' bundle rauc/bundle site/image.raucb
        echo nothing >rauc/a.img
        cat >rauc/system.conf <<END
        [system]
        compatible=bench
        bootloader=noop
        mountprefix=$PWD/rauc/mounts
        statusfile=$PWD/rauc/status
        max-bundle-download-size=8589934592
        [keyring]
        path=$PWD/certificate.pem
        [slot.rootfs.0]
        device=$PWD/rauc/a.img
        type=raw
        bootname=a
        [slot.rootfs.1]
        device=$PWD/slot.img
        type=raw
        bootname=b
        END
        cat >rauc/bus.conf <<END
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
            "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
            <listen>unix:path=$PWD/bus</listen>
            <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow receive_sender="*"/>
                <allow send_destination="*"/>
            </policy>
        </busconfig>
        END
        """
}

/// Mender, which streams a signed artifact through a pipe to an update module that calls `dd`.
final class MenderInstaller: Installer {
    let name = "mender"
    private let stage: InstallStage

    init(_ stage: InstallStage) throws {
        self.stage = stage
        try stage.shell(Self.artifact)
    }

    func prepare() throws -> [Process] {
        try stage.shell("rm -rf mender/state && mkdir mender/state")
        return []
    }

    /// Its folders are fixed: they are put in their places for it alone.
    func start() throws -> Process {
        let process = try stage.process(
            [
                "unshare", "--mount", "sh", "-ec",
                """
                mount --bind mender/modules /usr/share/mender/modules/v3
                mount --bind mender/etc /etc/mender
                exec mender --no-syslog --data "$PWD/mender/state" install "$0"
                """, "\(stage.address)/image.mender",
            ], log: name)
        try process.run()
        return process
    }

    private static let artifact = """
        mkdir -p mender/etc mender/modules mender/artifact/data mender/header/headers/0000
        echo artifact_name=bench-1 >mender/etc/artifact_info
        echo device_type=bench >mender/etc/device_type
        cat >mender/etc/mender.conf <<END
        {
            "ArtifactVerifyKey": "$PWD/public.pem", "DeviceTypeFile": "/etc/mender/device_type",
            "ArtifactScriptsPath": "$PWD/mender/state/scripts",
            "RootfsScriptsPath": "$PWD/mender/scripts"
        }
        END
        cat >mender/modules/bench <<END
        #!/bin/sh
        case \\$1 in
        Download)
            while file=\\$(cat stream-next) && [ -n "\\$file" ]; do
                dd if="\\$file" of="$PWD/slot.img" bs=1M iflag=fullblock conv=notrunc,fsync
            done ;;
        NeedsArtifactReboot | SupportsRollback) echo No ;;
        esac
        END
        chmod +x mender/modules/bench
        cd mender/header
        cat >header-info <<END
        {
            "payloads": [{ "type": "bench" }],
            "artifact_provides": { "artifact_name": "bench-2" },
            "artifact_depends": { "device_type": ["bench"] }
        }
        END
        echo '{ "type": "bench" }' >headers/0000/type-info
        echo '{}' >headers/0000/meta-data
        tar -cf ../artifact/header.tar header-info headers/0000/type-info headers/0000/meta-data
        cd ../artifact
        printf '{"format":"mender","version":3}' >version
        tar -C ../.. -cf data/0000.tar image.img
        {
            printf '%s  data/0000/image.img\\n' "$(sha256sum <../../image.img | cut -c 1-64)"
            sha256sum header.tar version
        } >manifest
        openssl dgst -sha256 -sign ../../key.pem manifest | base64 -w 0 >manifest.sig
        tar -cf ../../site/image.mender version manifest manifest.sig header.tar data/0000.tar
        rm -r data
        """
}
