/// The other team's side, in its own language.
enum PythonPrograms {
    /// Refreshes from a folder and downloads targets, as any TUF client would.
    static let client = """
        import json, os, sys
        from urllib.parse import unquote
        from tuf.api.exceptions import DownloadHTTPError
        from tuf.ngclient import Updater
        from tuf.ngclient.fetcher import FetcherInterface

        repository, local, *targets = sys.argv[1:]

        class Folder(FetcherInterface):
            def _fetch(self, url):
                # As a web server would: what is percent-encoded in a URL is not in the folder.
                path = unquote(url.removeprefix("http://folder/"))
                try:
                    with open(os.path.join(repository, path), "rb") as file:
                        return iter([file.read()])
                except FileNotFoundError:
                    raise DownloadHTTPError(url, 404)

        with open(os.path.join(repository, "metadata/1.root.json"), "rb") as file:
            root = file.read()
        updater = Updater(
            metadata_dir=local, metadata_base_url="http://folder/metadata/",
            target_dir=local, target_base_url="http://folder/targets/",
            fetcher=Folder(), bootstrap=root)
        updater.refresh()
        trusted = updater._trusted_set
        versions = {
            "root": trusted.root.version, "timestamp": trusted.timestamp.version,
            "snapshot": trusted.snapshot.version, "targets": trusted.targets.version}

        def find(target):
            try:
                info = updater.get_targetinfo(target)
                if info is None:
                    return {"error": "None"}
                path = updater.download_target(info, os.path.join(local, "image"))
            except Exception as error:
                return {"error": type(error).__name__}
            with open(path) as file:
                content = file.read()
            ours = info.custom["slipway"]
            return {
                "length": info.length, "sha256": info.hashes["sha256"], "content": content,
                "release": str(ours["release"]), "hardware": ours["hardware"]}

        print(json.dumps({"versions": versions, "targets": {t: find(t) for t in targets}}))
        """

    /// Reads every metadata file by itself and verifies it for whoever must have signed it, over
    /// the bytes that come out when Python writes it canonically again.
    static let checker = """
        import glob, json, os, sys
        from securesystemslib.formats import encode_canonical
        from tuf.api.metadata import Metadata
        from tuf.api.serialization.json import CanonicalJSONSerializer

        os.chdir(sys.argv[1])
        counts = {}

        def read(name):
            metadata = Metadata.from_file(name)
            with open(name, "rb") as file:
                raw = json.load(file)["signed"]
            again = CanonicalJSONSerializer().serialize(metadata.signed)
            assert again == encode_canonical(raw).encode(), f"{name} loses something"
            assert metadata.to_dict()["signed"] == raw, name
            return metadata, again

        def check(delegator, role, name):
            metadata, again = read(name)
            result = delegator.get_verification_result(role, again, metadata.signatures)
            assert result.verified, (name, result)
            delegator.verify_delegate(role, again, metadata.signatures)
            assert len(metadata.signatures) == len(result.signed), f"{name}: strange signatures"
            counts[name] = len(result.signed)
            return metadata.signed

        def versioned(role, version):
            return f"{version}.{role}.json"

        root, version = None, 1
        while os.path.exists(versioned("root", version)):
            name = versioned("root", version)
            metadata, again = read(name)
            result = metadata.signed.get_root_verification_result(
                root, again, metadata.signatures)
            assert result.verified, name
            assert metadata.signed.version == version
            counts[name] = len(result.signed)
            root, version = metadata.signed, version + 1

        timestamp = check(root, "timestamp", "timestamp.json")
        name = versioned("snapshot", timestamp.snapshot_meta.version)
        with open(name, "rb") as file:
            timestamp.snapshot_meta.verify_length_and_hashes(file.read())
        snapshot = check(root, "snapshot", name)

        def walk(delegator, role):
            entry = snapshot.meta[f"{role}.json"]
            name = versioned(role, entry.version)
            with open(name, "rb") as file:
                entry.verify_length_and_hashes(file.read())
            signed = check(delegator, role, name)
            for path, target in signed.targets.items():
                folder, base = os.path.split(path)
                file = os.path.join("../targets", folder, target.hashes["sha256"] + "." + base)
                with open(file, "rb") as data:
                    target.verify_length_and_hashes(data)
            if signed.delegations is not None:
                for child in signed.delegations.roles:
                    walk(signed, child)

        walk(root, "targets")
        print(json.dumps(counts))
        """
}
