"""Stands for uv where its environment is that of all baked projects: starts two of its programs in no time.

`warm_uv.py FOLDER UV WORDS...` has the commands of that folder (see commands.py) do what
`uv run labkart` and `uv run pytest` do, and is uv for everything else.
"""

import json
import os
import sys
import time
from pathlib import Path
from tempfile import mkdtemp


def main(folder: str, uv: str, *words: str) -> int:
    if words[:1] != ("run",) or words[1] not in ("labkart", "pytest"):
        os.execv(uv, [uv, *words])
    place = Path(mkdtemp(dir=folder))
    request = [str(Path.cwd()), words[1], words[2:], {**os.environ, "UV": uv}]
    (place / "request").write_text(json.dumps(request), encoding="utf-8")
    with Path(folder, "requests").open("w") as requests:
        requests.write(f"{place}\n")
    while not (place / "status").exists():
        time.sleep(0.005)
    sys.stdout.write((place / "stdout").read_text(encoding="utf-8"))
    sys.stderr.write((place / "stderr").read_text(encoding="utf-8"))
    return int((place / "status").read_text())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
