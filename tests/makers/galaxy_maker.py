"""Collections as 'ansible-galaxy collection build' writes them, and a Galaxy (API v3) that has them."""

import hashlib
import io
import json
import tarfile


def _entry(name, kind, contents=b""):
    digest = hashlib.sha256(contents).hexdigest() if kind == "file" else None
    return {
        "name": name, "ftype": kind, "chksum_type": digest and "sha256", "chksum_sha256": digest, "format": 1,
    }  # fmt: skip


def archive(name, version="1.0.0", needs=None, core="'>=2.15.0'", files=None, links=None, spoil=""):
    """(file name, bytes) of the collection NAMESPACE.NAME. ``files`` are {path: contents}, those that end in
    .sh may be run; ``links`` {path: what it leads to}; the contents of ``spoil`` are not those promised."""
    namespace, _, own = name.partition(".")
    files = {
        "README.md": b"# x\n",
        "meta/runtime.yml": b"requires_ansible: %s\n" % core.encode(),
        **(files or {}),
    }
    folders = sorted({path.rpartition("/")[0] for path in files} - {""})
    folders = sorted({folder[:end] for folder in folders for end in range(1, len(folder) + 1)
                      if folder[end:end + 1] in ("", "/")})  # fmt: skip
    promised = {
        **files,
        **{path: files[path.rpartition("/")[0] + "/" + to] for path, to in (links or {}).items()},
    }
    rows = [_entry(".", "dir"), *(_entry(one, "dir") for one in folders)]
    rows += [_entry(path, "file", promised[path]) for path in sorted(promised)]
    listing = json.dumps({"files": rows, "format": 1}).encode()
    about = {
        "namespace": namespace, "name": own, "version": version, "authors": ["x"], "readme": "README.md",
        "tags": [], "description": None, "license": ["MIT"], "license_file": None, "repository": None,
        "dependencies": needs or {}, "documentation": None, "homepage": None, "issues": None,
    }  # fmt: skip
    manifest = {
        "collection_info": about,
        "file_manifest_file": _entry("FILES.json", "file", listing),
        "format": 1,
    }
    members = {"MANIFEST.json": json.dumps(manifest).encode(), "FILES.json": listing}
    members.update({path: b"#" + contents if path == spoil else contents for path, contents in files.items()})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in [*members, *folders, *(links or {})]:
            info = tarfile.TarInfo(path)
            info.mode = 0o755 if path in folders or path.endswith(".sh") else 0o644
            if path in folders:
                info.type = tarfile.DIRTYPE
            elif path not in members:
                info.type, info.linkname = tarfile.SYMTYPE, links[path]
            else:
                info.size = len(members[path])
            tar.addfile(info, io.BytesIO(members.get(path, b"")))
    return "{}-{}-{}.tar.gz".format(namespace, own, version), buffer.getvalue()


def publish(mirror, *archives):
    """Let a mirror (tests/online/index_maker.py) be a Galaxy with these; the URL to configure."""
    page = {"Content-Type": "application/json"}

    def say(path, document):
        mirror.pages[path] = (200, json.dumps(document).encode(), page)

    say("/api/", {"available_versions": {"v3": "v3/"}})
    versions = {}
    for filename, body in archives:
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            about = json.loads(tar.extractfile("MANIFEST.json").read())["collection_info"]
        mirror.put(filename, body)
        place = "/api/v3/collections/{namespace}/{name}/".format(**about)
        versions.setdefault(place, []).append(about["version"])
        digest = {"filename": filename, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        say("{}versions/{}/".format(place, about["version"]), {
            "namespace": {"name": about["namespace"]}, "collection": {"name": about["name"]},
            "version": about["version"], "artifact": digest, "signatures": [], "href": place,
            "download_url": mirror.url + "/files/" + filename, "metadata": {"dependencies": about["dependencies"]},
        })  # fmt: skip
    for place, found in versions.items():
        say(
            place, {"name": place, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        )
        say(place + "versions/?limit=100", {
            "meta": {"count": len(found)}, "links": {"next": None, "previous": None},
            "data": [{"version": one, "href": place + "versions/" + one + "/"} for one in found],
        })  # fmt: skip
    return mirror.url + "/api/"
