"""The Python servers' llama_cpp, with libraries that are built for the comparison."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from comparison import building


def test_the_bindings_load_what_is_beside_llama_server(tmp_path: Path) -> None:
    installed = Path(str(find_spec("llama_cpp").origin)).parent / "lib"  # type: ignore[union-attr]
    built = tmp_path / "build" / "bin"
    built.mkdir(parents=True)
    for library in installed.iterdir():
        (built / library.name).write_bytes(library.read_bytes())
    bindings = building.bindings(built / "llama-server")
    bindings = building.bindings(built / "llama-server")  # again, as for a second server
    program = (
        "import llama_cpp; llama_cpp.llama_backend_init(); maps = open('/proc/self/maps').read()\n"
        "print(*sorted({line.split()[-1] for line in maps.splitlines() if 'libggml-cpu' in line}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(bindings)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(loaded) == 1
    assert Path(loaded[0]).parent == built
