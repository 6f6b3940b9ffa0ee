"""grown - layers that nobody thought of: random, but the same for the same seed, and such that every reader must agree about them.

    layers(SEED, N, whiteouts=True, setgid=True, early=True) -> [[entry, ...], ...]

setgid: directories may be; early: times may be before 1970.

What readers may understand differently is left out: a layer removes only what layers below have, names each path once, and has no
directory below a symbolic link.
"""
import random
from mk import *

NAMES = ["a", "b", "c", "dir", "\u00e9t\u00e9", "sp ace", "n" * 120, "x.y"]
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")

class Grower:
    def __init__(self, seed, setgid, early):
        self.r = random.Random(seed)
        self.setgid, self.early = setgid, early
        self.there = {"": "5"}          # path: type, of what all layers together have

    def times(self):
        return "%d.%09d" % (self.r.choice([-86400 if self.early else 7, 0, 5, 1000000000, 1700000000, 7258118400]) + self.r.randrange(1000), self.r.randrange(10 ** 9))

    def owner(self):
        return dict(uid=self.r.choice([0, 0, 0, 1, 33, 1000, 4000000000]), gid=self.r.choice([0, 0, 0, 5, 50, 3999999999]))

    def mode(self):
        return self.r.choice([0o644, 0o600, 0o755, 0o4755, 0o2755, 0o6711, 0o1777, 0o2775, 0o444, 0o0, 0o7777])

    def below(self, path):
        return [p for p in self.there if p == path or p.startswith(path + "/")] if path else list(self.there)

    def gone(self, path):
        for p in self.below(path):
            del self.there[p]

    def parents(self, path):
        while "/" in path:
            path = path.rsplit("/", 1)[0]
            yield path

    def place(self):
        """A path whose parents are directories, or nothing yet."""
        while True:
            depth = self.r.randrange(1, 5)
            path = "/".join(self.r.choice(NAMES) for i in range(depth))
            if all(self.there.get(p, "5") == "5" for p in self.parents(path)):
                return path

    def entry(self, path, kind):
        common = dict(self.owner(), mtime=self.times())
        if kind == "5":
            return D(path, mode=self.mode() & ~(0 if self.setgid else 0o2000), xattrs={"user.d": path} if self.r.random() < 0.2 else {}, **common)
        if kind == "2":
            return L(path, self.r.choice(["a", "../b", "/etc/passwd", "t" * 150, "no/where"]), **common)
        if kind == "6":
            return E(path, type=b"6", mode=self.mode(), **common)
        if kind in "34":
            return E(path, type=kind.encode(), mode=self.mode(), major=self.r.randrange(1, 300), minor=self.r.randrange(70000), **common)
        xattrs = {"user.x": bytes(self.r.randrange(256) for i in range(self.r.randrange(1, 40)))} if self.r.random() < 0.3 else {}
        if self.r.random() < 0.1:
            xattrs["security.capability"] = CAPABILITY
        return E(path, self.r.randbytes(self.r.choice([0, 1, 511, 512, 513, 5000, 70000])), mode=self.mode(), xattrs=xattrs, **common)

    def layer(self, number, whiteouts):
        out, mine, low = [], set(), dict(self.there)
        marks = []
        def own(path):
            mine.add(path)
        for i in range(self.r.randrange(5, 40)):
            path = self.place()
            if path in mine or any(p in mine and self.there.get(p) != "5" for p in self.parents(path)):
                continue
            if any(p in mine for p in self.below(path)):
                continue
            if whiteouts and path in low and self.r.random() < 0.4:
                self.gone(path)
                own(path)
                marks.append(E("/".join(path.split("/")[:-1] + [".wh." + path.split("/")[-1]])))
                continue
            if whiteouts and low.get(path) == "5" and self.there.get(path) == "5" and self.r.random() < 0.3:
                for p in self.below(path):
                    if p != path:
                        del self.there[p]
                own(path)
                out.append(self.entry(path, "5"))
                marks.append(E(path + "/.wh..wh..opq"))
                continue
            # Those that nobody has are named, as all tools do, or else every reader has its own idea of their look.
            for p in reversed(list(self.parents(path))):
                if p not in self.there:
                    self.there[p] = "5"
                    own(p)
                    out.append(self.entry(p, "5"))
            kind = self.r.choice("0000555226341")
            if kind == "5" and self.there.get(path, "5") != "5" or kind != "5" and self.there.get(path) == "5":
                if not whiteouts:
                    continue
            if kind == "1":
                files = [p for p in sorted(mine) if self.there.get(p) == "0"]
                if not files:
                    continue
                out.append(H(path, self.r.choice(files)))
                kind = "l"      # a link of a link is not made
            else:
                out.append(self.entry(path, kind))
            if kind != "5":
                self.gone(path)
            self.there[path] = kind
            own(path)
        # Whiteouts may stand anywhere.
        for m in marks:
            out.insert(self.r.randrange(len(out) + 1), m)
        return out

def layers(seed, n, whiteouts=True, setgid=True, early=True):
    g = Grower(seed, setgid, early)
    return [g.layer(i, whiteouts) for i in range(n)]
