"""Generate Python code and the descriptor image from protos/ into gen/ (`make protos`).

The image `gen/image.binpb` holds every file with comments: buf lints it, the gateway serves from it.
validate.proto is in no wheel as text, so its descriptor is read from the installed protovalidate.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "protos"
TARGET = ROOT / "gen"
VALIDATE = "buf/validate/validate.proto"


def main() -> int:
    """Regenerate when a proto or this file changed; print what was done."""
    protos = sorted(SOURCES.rglob("*.proto"))
    stamp = _fingerprint([*protos, Path(__file__)])
    mark = TARGET / "stamp"
    if mark.exists() and mark.read_text() == stamp:
        return 0
    # Made beside and swapped in whole: processes may be importing the old code meanwhile.
    with tempfile.TemporaryDirectory(prefix="gen-", dir=ROOT) as folder:
        fresh = Path(folder) / "new"
        fresh.mkdir()
        _write_validate_descriptor(fresh / "validate.binpb")
        code = _compile([str(p.relative_to(SOURCES)) for p in protos], fresh)
        if code:
            return code
        for package in {p.parent for p in fresh.rglob("*_pb2.py")}:
            (package / "py.typed").touch()
        (fresh / "stamp").write_text(stamp)
        if TARGET.exists():
            TARGET.rename(Path(folder) / "old")
        fresh.rename(TARGET)
    # mypy remembers which modules a package without __init__.py had, and misses new ones.
    shutil.rmtree(ROOT / ".mypy_cache", ignore_errors=True)
    sys.stdout.write(f"protos: {len(protos)} files -> {TARGET.name}/\n")
    return 0


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _write_validate_descriptor(target: Path) -> None:
    """Take the serialized FileDescriptorProto out of protovalidate's generated module, without importing it."""
    spec = importlib.util.find_spec("protovalidate")
    if spec is None or spec.origin is None:
        raise SystemExit("protovalidate is not installed: run `make setup`")
    module = Path(spec.origin).parent / "_gen/buf/validate/validate_pb.py"
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "file_desc":
            raw = ast.literal_eval(node.args[0])
            files = descriptor_pb2.FileDescriptorSet()
            for name in ("descriptor", "duration", "field_mask", "timestamp"):
                files.file.append(_well_known(name))
            files.file.append(descriptor_pb2.FileDescriptorProto.FromString(raw))
            target.write_bytes(files.SerializeToString())
            return
    raise SystemExit(f"{module.name} holds no file descriptor")


def _well_known(name: str) -> descriptor_pb2.FileDescriptorProto:
    module = importlib.import_module(f"google.protobuf.{name}_pb2")
    return descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def _include(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: run `make setup`")
    return spec.submodule_search_locations[0]


def includes(folder: Path = TARGET) -> list[str]:
    """Return the options that let protoc find what our contracts import: google's protos and protovalidate."""
    return [
        f"--proto_path={Path(_include('google.api')).parent.parent}",
        f"--proto_path={_include('grpc_tools')}/_proto",
        f"--descriptor_set_in={folder / 'validate.binpb'}",
    ]


def _compile(names: list[str], target: Path) -> int:
    paths = [f"--proto_path={SOURCES}", *includes(target)]
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    outputs = [
        f"--plugin=protoc-gen-mypy_grpc={plugin}",
        f"--python_out={target}",
        f"--pyi_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_grpc_out=quiet:{target}",
    ]
    code = protoc.main(["protoc", *paths, *outputs, *names])
    code = code or protoc.main(["protoc", *paths, f"--python_out={target}", f"--pyi_out={target}", VALIDATE])
    image = [f"--descriptor_set_out={target / 'image.binpb'}", "--include_imports", "--include_source_info"]
    return code or int(protoc.main(["protoc", *paths, *image, *names]))


if __name__ == "__main__":
    sys.exit(main())
