"""The sample contract of these tests, compiled when first imported."""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "protos"


def _compile(target: Path) -> Path:
    """Write Python modules and a descriptor image with comments; return the image."""
    api = importlib.util.find_spec("google.api")
    tools = importlib.util.find_spec("grpc_tools")
    assert api
    assert api.submodule_search_locations
    assert tools
    assert tools.submodule_search_locations
    includes = [
        f"--proto_path={SOURCES}",
        f"--proto_path={ROOT / 'protos'}",
        f"--proto_path={Path(next(iter(api.submodule_search_locations))).parent.parent}",
        f"--proto_path={next(iter(tools.submodule_search_locations))}/_proto",
        f"--descriptor_set_in={ROOT / 'gen/validate.binpb'}",
    ]
    names = [str(path.relative_to(SOURCES)) for path in sorted(SOURCES.rglob("*.proto"))]
    image = target / "image.binpb"
    assert protoc.main(["protoc", *includes, f"--python_out={target}", *names]) == 0
    described = [f"--descriptor_set_out={image}", "--include_imports", "--include_source_info"]
    assert protoc.main(["protoc", *includes, *described, *names]) == 0
    return image


_target = Path(tempfile.mkdtemp(prefix="lianxiao-sample-"))
atexit.register(shutil.rmtree, _target, ignore_errors=True)
IMAGE = _compile(_target)
sys.path.append(str(_target))
importlib.invalidate_caches()


def module(name: str) -> ModuleType:
    """Return a generated module of the sample: `sample` or `note_service`."""
    return importlib.import_module(f"lianxiao.sample.v1.{name}_pb2")
