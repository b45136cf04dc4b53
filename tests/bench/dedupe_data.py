"""Labelled files for `make bench-dedupe`: what a row says, as the records that the product compares."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.lead.rules.adults import Adult
from services.lead.rules.children import Person
from services.lead.rules.matching import Record
from services.lead.rules.sites import Site
from shared.crypto import normalise_phone

_ENTITY = re.compile(r"rec-(\d+)-")


@dataclass(frozen=True, slots=True)
class DataSet:
    """Records with the party that each is of."""

    name: str
    records: list[Record]
    entities: list[str]


def _child(row: Mapping[str, str]) -> Person:
    phones = (normalise_phone(row[name]) for name in ("phone", "alt_phone") if row[name])
    return Person(
        phones=frozenset(phone for phone in phones if phone),
        child_name=row["child_name"],
        guardian_name=row["parent_name"],
        wechat_id=row["wechat"],
        birth_date=row["dob"],
        school=row["school"],
        campus=row["campus"],
    )


def _adult(row: Mapping[str, str]) -> Adult:
    return Adult(
        given_name=row["given_name"],
        surname=row["surname"],
        birth_date=row["date_of_birth"],
        street_number=row["street_number"],
        street=row["address_1"],
        site=row["address_2"],
        suburb=row["suburb"],
        postcode=row["postcode"],
        state=row["state"],
    )


def _site(row: Mapping[str, str]) -> Site:
    return Site(name=row["Site name"], address=row["Address"], postcode=row["Zip"], phone=row["Phone"])


def _febrl_entity(row: Mapping[str, str]) -> str:
    found = _ENTITY.match(row["rec_id"])
    assert found, row["rec_id"]
    return found[1]


# What a file's name begins with -> how its rows are read.
_KINDS: dict[str, tuple[Callable[[Any], Record], Callable[[Any], str]]] = {
    "febrl": (_adult, _febrl_entity),
    "chicago": (_site, lambda row: row["True Id"]),
    "leads_cn": (_child, lambda row: row["entity"]),
}


def folder() -> Path:
    """Return the folder named by DATA, or the one beside the repository; exits when it is not there."""
    given = os.environ.get("DATA", "")
    found = Path(given) if given else Path(__file__).parents[2] / "../shared/data/dev"
    if not found.is_dir():
        raise SystemExit(f"there is no folder {found}: name one with labelled files, make bench-dedupe DATA=folder")
    return found


def load(place: Path) -> list[DataSet]:
    """Return the labelled files of a folder; files in two parts (4a, 4b) are one set."""
    found: dict[str, DataSet] = {}
    for prefix, (record, entity) in _KINDS.items():
        for path in sorted([*place.glob(f"{prefix}*.csv.gz"), *place.glob(f"{prefix}*.csv")]):
            name = _name(prefix, path)
            data = found.setdefault(name, DataSet(name, [], []))
            for row in _rows(path):
                data.records.append(record(row))
                data.entities.append(entity(row))
    if not found:
        raise SystemExit(f"{place} holds none of {', '.join(f'{prefix}*.csv.gz' for prefix in _KINDS)}")
    return list(found.values())


def _name(prefix: str, path: Path) -> str:
    """Return febrl1 for febrl_dataset1.csv.gz; other files are named by what they are of."""
    number = re.search(r"dataset_?(\d+)", path.name)
    return f"{prefix}{number[1]}" if number else prefix


def _rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader)]
    return [dict(zip(header, (cell.strip() for cell in row), strict=False)) for row in reader]
