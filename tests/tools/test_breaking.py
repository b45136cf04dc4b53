"""A field that readers know cannot vanish unseen."""

from __future__ import annotations

import subprocess
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


def test_only_a_trailer_with_a_reason_allows_a_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(message: str) -> None:
        words = ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", message)
        subprocess.run(["git", *words], cwd=tmp_path, check=True)

    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    monkeypatch.setattr(breaking, "ROOT", tmp_path)
    commit("Begin")
    commit("Mention it only\n\nThis Breaks-Contract: nothing.\n\nMore words")
    assert breaking.broken_on_purpose("HEAD~1") == ""
    commit("Move a message\n\nBreaks-Contract: one message stood three times")
    commit("Go on")
    assert breaking.broken_on_purpose("HEAD~3") == "one message stood three times"
    assert breaking.broken_on_purpose("HEAD~1") == ""
