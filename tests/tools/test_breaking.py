"""A field that readers know cannot vanish unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from tools import breaking, node
from tools.sources import ROOT


def test_a_removed_field_is_named(tmp_path: Path) -> None:
    node.install(ROOT)
    image = descriptor_pb2.FileDescriptorSet.FromString(breaking.IMAGE.read_bytes())
    events = next(file for file in image.file if file.name == "lianxiao/lead/v1/lead_events.proto")
    message = events.message_type[0]
    removed = message.field[0].name
    del message.field[0]
    changed = tmp_path / "changed.binpb"
    changed.write_bytes(image.SerializeToString())
    buf = str(ROOT / "node_modules" / ".bin" / "buf")
    with pytest.raises(node.NodeFailed, match=removed):
        node.run(ROOT, buf, "breaking", str(changed), "--against", str(breaking.IMAGE), "--config", "buf.yaml")


def test_a_commit_without_contracts_has_no_image(tmp_path: Path) -> None:
    assert breaking.build_image("0" * 40, tmp_path, tmp_path / "before.binpb") is False
