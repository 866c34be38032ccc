import Foundation
import Testing

/// A repository as python-tuf's Metadata API writes it.
struct PythonRepository: Encodable, CustomTestStringConvertible {
    let testDescription: String
    /// Of the keys; `mixed` lets two of an Ed25519, a P-256 and an RSA key sign targets.
    var scheme = "ed25519"
    var consistent = true
    var hashes = ["sha256"]
    /// `none`, `paths`, `prefixes` or `succinct`.
    var delegation = "none"
    var roots = 1
    /// Whether members that nobody knows are everywhere.
    var unknown = false

    init(_ description: String, _ change: (inout PythonRepository) -> Void = { _ in }) {
        testDescription = description
        change(&self)
    }

    private enum CodingKeys: String, CodingKey {
        case scheme, consistent, hashes, delegation, roots, unknown
    }

    /// What lies in the repository, and who lists it: the targets role, or a delegated one.
    var targets: [String: String] {
        let own = ["plain.bin": "listed by targets", "a b/ü.bin": "in letters that URLs encode"]
        let theirs = ["team/x.bin": "listed by another", "team/deep/y.bin": "and one further down"]
        return delegation == "none" ? own : own.merging(theirs) { $1 }
    }

    func write(in shop: Workshop) throws {
        let options = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        let targets = String(decoding: try JSONEncoder().encode(targets), as: UTF8.self)
        try shop.python(Self.program, [shop.path("theirs"), options, targets])
    }

    private static let program = """
        import hashlib, json, os, sys
        from datetime import datetime, timedelta, timezone
        from securesystemslib.formats import encode_canonical
        from securesystemslib.signer import CryptoSigner
        from tuf.api.metadata import (
            DelegatedRole, Delegations, Key, Metadata, MetaFile, Root, Snapshot, SuccinctRoles,
            TargetFile, Targets, Timestamp)

        home, options, contents = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
        expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)
        generate = {
            "ed25519": CryptoSigner.generate_ed25519, "ecdsa": CryptoSigner.generate_ecdsa,
            "rsa": lambda: CryptoSigner.generate_rsa(size=3072)}

        def signer():
            made = generate[options["scheme"] if options["scheme"] in generate else "ecdsa"]()
            if options["unknown"]:
                key = made.public_key
                key.unrecognized_fields["x-owner"] = {"name": "Zoë", "since": 1999}
                # They are part of the key's name (TUF 1.0.34 section 4.2).
                canonical = encode_canonical(key.to_dict()).encode()
                key.keyid = hashlib.sha256(canonical).hexdigest()
            return made

        def stranger(what):
            if options["unknown"]:
                what.unrecognized_fields["x-note"] = {"a": [1, None, True, "ü\\n"], "": {}}
            return what

        os.makedirs(home + "/metadata")
        published = {}

        def write(signed, role, signers):
            metadata = Metadata(stranger(signed))
            if options["unknown"]:
                metadata.unrecognized_fields["x-outside"] = "nobody signs this"
            for one in signers:
                metadata.sign(one, append=True)
            versioned = role == "root" or options["consistent"] and role != "timestamp"
            name = f"{signed.version}.{role}.json" if versioned else f"{role}.json"
            data = metadata.to_bytes()
            with open(f"{home}/metadata/{name}", "wb") as file:
                file.write(data)
            digests = {h: hashlib.new(h, data).hexdigest() for h in options["hashes"]}
            published[f"{role}.json"] = stranger(MetaFile(signed.version, len(data), digests))

        def describe(path):
            data = contents[path].encode()
            target = stranger(TargetFile.from_data(path, data, options["hashes"]))
            folder, base = os.path.split(path)
            os.makedirs(os.path.join(home, "targets", folder), exist_ok=True)
            names = [f"{h}.{base}" for h in target.hashes.values()]
            for name in names if options["consistent"] else [base]:
                with open(os.path.join(home, "targets", folder, name), "wb") as file:
                    file.write(data)
            return target

        root = Root(expires=expires, consistent_snapshot=options["consistent"])
        keys = {role: [signer()] for role in ("root", "timestamp", "snapshot", "targets")}
        if options["scheme"] == "mixed":
            keys["targets"] = [make() for make in generate.values()]
            root.roles["targets"].threshold = 2
        for role, signers in keys.items():
            for one in signers:
                root.add_key(one.public_key, role)
        write(root, "root", keys["root"])
        for version in range(2, options["roots"] + 1):
            # Every version has another root key and another timestamp key.
            leaving = keys["root"]
            for role in ("root", "timestamp"):
                root.revoke_key(keys[role][0].public_key.keyid, role)
                keys[role] = [signer()]
                root.add_key(keys[role][0].public_key, role)
            root.version = version
            write(root, "root", leaving + keys["root"])

        theirs = [path for path in contents if path.startswith("team/")]
        targets = Targets(version=3, expires=expires)
        for path in contents:
            if path not in theirs:
                targets.targets[path] = describe(path)

        def delegated(name, paths, key):
            signed = Targets(version=5, expires=expires)
            for path in paths:
                signed.targets[path] = describe(path)
            write(signed, name, [key])

        team = signer()
        if options["delegation"] == "paths":
            # In letters that URLs encode, and behind one that says nothing about the path.
            silent, name = "silent", "équipe 1"
            targets.delegations = Delegations(keys={}, roles={
                silent: stranger(DelegatedRole(silent, [], 1, False, paths=["team/*"])),
                name: stranger(DelegatedRole(
                    name, [], 1, True, paths=["team/?.bin", "*/deep/*"]))})
            for role in (silent, name):
                targets.add_key(team.public_key, role)
            delegated(silent, [], team)
            delegated(name, theirs, team)
        if options["delegation"] == "prefixes":
            prefixes = [hashlib.sha256(path.encode()).hexdigest()[:7] for path in theirs]
            targets.delegations = Delegations(keys={}, roles={
                "team": DelegatedRole(
                    "team", [], 1, False, path_hash_prefixes=["0123456"] + prefixes)})
            targets.add_key(team.public_key, "team")
            delegated("team", theirs, team)
        if options["delegation"] == "succinct":
            bins = SuccinctRoles([], 1, 8, "bin")
            targets.delegations = Delegations(keys={}, succinct_roles=bins)
            targets.add_key(team.public_key)
            for name in bins.get_roles():
                paths = [p for p in theirs if bins.get_role_for_target(p) == name]
                delegated(name, paths, team)

        # Any two of three sign; the first does not.
        signing = keys["targets"][1:] if options["scheme"] == "mixed" else keys["targets"]
        write(targets, "targets", signing)
        meta = {name: file for name, file in published.items() if name != "root.json"}
        write(Snapshot(version=7, expires=expires, meta=meta), "snapshot", keys["snapshot"])
        timestamp = Timestamp(
            version=11, expires=expires, snapshot_meta=published["snapshot.json"])
        write(timestamp, "timestamp", keys["timestamp"])
        """
}
