"""The peers' llama.cpp, out of the sources of the llama-cpp-python in use."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from comparison.progress import say
from concierge.errors import UserError

FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_NATIVE=ON",
    "-DGGML_OPENMP=OFF",  # as scripts/install has it for everybody else
    "-DBUILD_SHARED_LIBS=ON",  # llama-server's and the Python servers'
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
    # Or g++ 12 loses the set-up of AMX's tiles (see scripts/install), which read a prompt four times as fast.
    *(["-DCMAKE_CXX_FLAGS=-fno-dse -fno-tree-dse"] if platform.machine() == "x86_64" else []),
)


def sources(cache: Path) -> Path:
    """The unpacked source package, fetched with pip into `cache` the first time. Raises UserError."""
    requirement = f"llama-cpp-python=={version('llama-cpp-python')}"
    target = cache / requirement.replace("-", "_").replace("==", "-")
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    say(f"Fetching the sources of {requirement} (about 75 MB) ...")
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary=:all:", "--quiet"]
        pip = subprocess.run([*command, "--dest", directory, requirement], capture_output=True, text=True)
        if pip.returncode:
            reason = (pip.stderr.strip().splitlines() or ["it failed"])[-1]
            raise UserError(f"pip cannot fetch {requirement}: {reason}; mend that and start again.")
        with tarfile.open(next(Path(directory).glob("*.tar.gz"))) as archive:
            archive.extractall(directory, filter="data")
        (Path(directory) / target.name).rename(target)
    return target


def llama_server(source: Path, log: Path) -> Path:
    """The llama-server of the sources, built the first time; a build that was broken off goes on.

    Raises UserError: a tool is missing, or the build fails.
    """
    build = source / "build"
    binary = build / "bin" / "llama-server"
    done, flags = build / ".done", " ".join(FLAGS)
    if done.exists() and done.read_text() == flags:
        return binary
    if not shutil.which(os.environ.get("CXX", "c++")):
        raise UserError("llama-server needs a C++ compiler; get it with: sudo apt-get install g++")
    cmake, ninja = _tool("cmake"), _tool("ninja")
    say(f"Building llama-server in {build}, once; 5 to 10 minutes on two cores ...")
    with log.open("w") as output:
        configure: list[str | Path] = [
            cmake,
            "-S",
            source / "vendor" / "llama.cpp",
            "-B",
            build,
            "-G",
            "Ninja",
            *FLAGS,
        ]
        _run([*configure, f"-DCMAKE_MAKE_PROGRAM={ninja}"], output.name)
        _run([cmake, "--build", build, "--target", "llama-server"], output.name)
    done.write_text(flags)
    return binary


def bindings(binary: Path) -> Path:
    """A directory for PYTHONPATH: the llama_cpp in use, with the libraries that are beside llama-server."""
    spec = find_spec("llama_cpp")
    directory = binary.parent.parent / "python"
    shutil.rmtree(directory, ignore_errors=True)
    package = directory / "llama_cpp"
    package.mkdir(parents=True)
    for part in Path(str(spec and spec.origin)).parent.iterdir():
        (package / part.name).symlink_to(binary.parent if part.name == "lib" else part)
    return directory


def _tool(name: str) -> str:
    """A program of the environment's own wheels, or of the system."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if not (found := shutil.which(name, path=path)):
        raise UserError(f"{name} is missing; get it with: scripts/install compare")
    return found


def _run(command: list[str | Path], log: str) -> None:
    """Run a part of the build, telling of every tenth of its steps."""
    told = 0
    with (
        Path(log).open("a") as output,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            output.write(line)
            if (step := re.match(r"\[(\d+)/(\d+)\]", line)) and int(step[1]) * 10 // int(step[2]) > told:
                told = int(step[1]) * 10 // int(step[2])
                say(f"  {step[1]} of {step[2]} steps")
    if process.returncode:
        raise UserError(f"Building llama-server failed; the reason stands at the end of {log}.")
