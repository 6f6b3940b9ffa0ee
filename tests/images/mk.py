"""mk - images by hand, byte by byte, for what no honest tool writes.

    layout(DIR, [LAYER, ...], config={...})     an OCI image layout; LAYER is a list of entries, or bytes of a tar
    docker(FILE, [(TAG, [LAYER, ...])])         an archive of docker's
    tar(entries) -> bytes                       entries: E(name, ...), or raw bytes

The default type is a file, "/" at the end makes a directory.
"""
import gzip, hashlib, io, json, os, subprocess, tarfile

def num(n, width):
    if 0 <= n < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, n)
    return bytes([0x80 if n >= 0 else 0xff]) + (n & ((1 << 8 * (width - 1)) - 1)).to_bytes(width - 1, "big")

def b(s):
    return s if isinstance(s, bytes) else s.encode()

def header(name, type=b"0", mode=0o644, uid=0, gid=0, size=0, mtime=1000000000, link=b"", major=0, minor=0, magic=b"ustar\x0000", prefix=b""):
    h = (b(name)[:100].ljust(100, b"\0") + num(mode, 8) + num(uid, 8) + num(gid, 8) + num(size, 12) + num(mtime, 12) + b" " * 8 + b(type) +
         b(link)[:100].ljust(100, b"\0") + magic + b"\0" * 64 + num(major, 8) + num(minor, 8) + b(prefix).ljust(155, b"\0") + b"\0" * 12)
    return h[:148] + b"%06o\0 " % sum(h) + h[156:]

def pad(data):
    return data + b"\0" * (-len(data) % 512)

def record(key, value):
    body = b" " + b(key) + b"=" + b(value) + b"\n"
    n = len(body)
    while n != len(body) + len(str(n)):
        n = len(body) + len(str(n))
    return b"%d" % n + body

def pax(type=b"x", **records):
    body = b"".join(record(k.replace("__", "."), v) for k, v in records.items())
    return header("PaxHeaders/x", type, size=len(body)) + pad(body)

def paxd(records, type=b"x"):
    body = b"".join(record(k, v) for k, v in records.items())
    return header("PaxHeaders/x", type, size=len(body)) + pad(body)

def E(name, data=b"", type=None, xattrs={}, pax={}, **kw):
    """One entry.  Long names, times with fractions and xattrs go into a pax header."""
    name = b(name)
    if type is None:
        type = b"5" if name.endswith(b"/") else b"0"
    if type == b"5":
        kw.setdefault("mode", 0o755)
    data = b(data)
    extra = dict(pax)
    if len(name) > 100:
        extra["path"] = name
    if len(b(kw.get("link", b""))) > 100:
        extra["linkpath"] = kw["link"]
    for k, v in xattrs.items():
        extra["SCHILY.xattr." + k] = v
    if isinstance(kw.get("mtime"), str):
        extra["mtime"] = kw.pop("mtime")
    kw.setdefault("size", len(data))
    return (paxd(extra) if extra else b"") + header(name, type, **kw) + pad(data)

def D(name, **kw): return E(name.rstrip("/") + "/" if isinstance(name, str) else name, type=b"5", **kw)
def L(name, to, **kw): return E(name, type=b"2", link=to, mode=0o777, **kw)
def H(name, to, **kw): return E(name, type=b"1", link=to, **kw)

def tar(entries):
    return entries if isinstance(entries, bytes) else b"".join(entries) + b"\0" * 1024

def sha(data):
    return hashlib.sha256(data).hexdigest()

def pack(data, how):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data

KINDS = {"gzip": "application/vnd.oci.image.layer.v1.tar+gzip", "zstd": "application/vnd.oci.image.layer.v1.tar+zstd", "none": "application/vnd.oci.image.layer.v1.tar"}
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)

def put(d, data, name=None):
    os.makedirs(d + "/blobs/sha256", exist_ok=True)
    with open(d + "/blobs/sha256/" + (name or sha(data)), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + sha(data), "size": len(data)}

def write(path, data):
    with open(path, "wb") as f:
        f.write(b(data))

def manifest(d, layers, config={}, how="gzip", change=lambda m, c: None, platform=None):
    blobs, diffs = [], []
    for l in layers:
        plain = tar(l)
        packed = pack(plain, how)
        blobs.append(dict(put(d, packed), mediaType=KINDS[how]))
        diffs.append("sha256:" + sha(plain))
    c = {"os": "linux", "architecture": ARCH, "config": config, "rootfs": {"type": "layers", "diff_ids": diffs}}
    m = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": blobs}
    if platform:
        c["os"], c["architecture"] = platform.split("/")
    change(m, c)
    if "config" not in m:
        m["config"] = dict(put(d, b(json.dumps(c))), mediaType="application/vnd.oci.image.config.v1+json")
    return dict(put(d, b(json.dumps(m))), mediaType="application/vnd.oci.image.manifest.v1+json")

def index(d, manifests, **kw):
    os.makedirs(d, exist_ok=True)
    write(d + "/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
    write(d + "/index.json", json.dumps(dict({"schemaVersion": 2, "manifests": manifests}, **kw)))

def named(m, ref, **kw):
    return dict(m, annotations={"org.opencontainers.image.ref.name": ref}, **kw)

def layout(d, layers, config={}, how="gzip", ref="test", change=lambda m, c: None):
    os.makedirs(d, exist_ok=True)
    index(d, [named(manifest(d, layers, config, how, change), ref)])

def docker(path, images):
    out, made, listed = io.BytesIO(), set(), []
    t = tarfile.open(fileobj=out, mode="w")
    def add(name, data):
        if name not in made:
            made.add(name)
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    for tag, layers in images:
        plain = [tar(l) for l in layers]
        c = b(json.dumps({"os": "linux", "architecture": ARCH, "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(p) for p in plain]}}))
        names = []
        for p in plain:
            add(sha(p) + ".tar", p)
            # As docker before 25: a link to where the layer is.
            link = sha(p)[:16] + "/layer.tar"
            if link not in made:
                made.add(link)
                i = tarfile.TarInfo(link)
                i.type, i.linkname = tarfile.SYMTYPE, "../" + sha(p) + ".tar"
                t.addfile(i)
            names.append(link)
        add(sha(c) + ".json", c)
        listed.append({"Config": sha(c) + ".json", "RepoTags": [tag], "Layers": names})
    add("manifest.json", b(json.dumps(listed)))
    t.close()
    write(path, out.getvalue())
