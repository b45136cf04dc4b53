"""Make the demo chain: `python -m tools.demo [--seed 1] [--scale 1.0] [--reset]`.

A second run finds the chain and does nothing. A run that was interrupted leaves a chain that is named so; the next
one says how to take it away.
"""

from __future__ import annotations

import argparse
import sys
import time

from tools.demo import accounts, driver, reset
from tools.demo.stage import databases, delivery


def main() -> int:
    """Do what the command line says; what stands in the way is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default="1", help="another seed tells another story")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is about 3,000 leads and 800 students")
    parser.add_argument("--reset", action="store_true", help="first take away the chain that is there")
    options = parser.parse_args()
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"    {time.monotonic() - started:5.1f} s  {line}", flush=True)

    urls = databases.addresses()
    try:
        with driver.alone(urls):
            if options.reset:
                say(f"took away {reset.remove(accounts.CODE, reset.addresses())} rows")
            made = driver.make(driver.Settings(options.seed, options.scale), urls, say)
    except (driver.Unfinished, driver.NotAlone, delivery.NotDelivered) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    accounts.write()
    if made is None:
        say("the chain is there already")
    say(f"institution code {accounts.CODE}; sign in as one of the people below")
    return 0


if __name__ == "__main__":
    sys.exit(main())
