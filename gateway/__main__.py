"""`python -m gateway` serves; `python -m gateway openapi` prints the OpenAPI document."""

from __future__ import annotations

import os
import sys

import orjson

from gateway import catalogue, config, openapi, serve


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name."""
    match arguments:
        case []:
            serve.run()
        case ["openapi"]:
            settings = config.from_environment(dict(os.environ))
            document = openapi.document(catalogue.load(settings.image))
            sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        case _:
            sys.stderr.write("usage: python -m gateway [openapi]\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
