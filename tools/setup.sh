#!/bin/sh
# Make a working copy ready: virtual environment from the hashed lock, import paths, generated contracts.
# Called by every target of the Makefile; when nothing changed it costs a few milliseconds.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
packages=requirements.lock
stamp=.venv/ready

say() { printf 'set-up: %s\n' "$*"; }
fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

is_new_enough() {
  command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Versions that the tests run on come first; one that can make a virtual environment goes before one that cannot.
find_python() {
  candidates="${LIANXIAO_PYTHON:-python3.11 python3.12 python3.13 python3 python3.14 python}"
  for name in $candidates; do
    if is_new_enough "$name" && "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then echo "$name"; return; fi
  done
  for name in $candidates; do
    if is_new_enough "$name"; then echo "$name"; return; fi
  done
}

make_environment() {
  python=$(find_python)
  [ -n "$python" ] || fail "no Python 3.11 or newer was found: install one, or name it with LIANXIAO_PYTHON=/path/to/python"
  say "virtual environment with $("$python" --version 2>&1)"
  if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear --without-pip .venv
    "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check pip
  else
    fail "$python has neither ensurepip nor pip: install its venv package (on Debian and Ubuntu: apt-get install python3-venv)"
  fi
}

install_packages() {
  say "installing $(grep -c '==' "$packages") packages from $packages (one to three minutes the first time)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
    --require-hashes --requirement "$packages" >.venv/pip.log 2>&1 || {
    tail -n 20 .venv/pip.log >&2
    fail "the packages could not be installed: see above, and check that a package index can be reached"
  }
  # The repository is imported as it lies here, and beside it what is generated from the contracts.
  .venv/bin/python - "$root" <<'END'
import sys
import sysconfig
from pathlib import Path

root = Path(sys.argv[1])
Path(sysconfig.get_path("purelib"), "lianxiao.pth").write_text(f"{root}\n{root / 'gen'}\n")
END
}

wanted="$(cksum <"$packages") $root"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  # An environment does not survive being moved: its programs name the folder they were made in.
  if ! is_new_enough .venv/bin/python || ! grep -qF "$root/.venv" .venv/bin/activate 2>/dev/null; then make_environment; fi
  install_packages
  printf '%s' "$wanted" >"$stamp"
fi

if [ ! -f gen/stamp ] || [ -n "$(find protos tools/protos.py -newer gen/stamp -print 2>/dev/null | head -n 1)" ]; then
  .venv/bin/python -m tools.protos
  touch gen/stamp
fi

# Compiled here once, so that neither tests nor the first timetable run wait for it, or do it several at a time.
search=services/scheduling/rules/timetabling
compiled="$(cat $search/arrays.py $search/kernel.py $search/moves.py | cksum) $wanted"
if [ ! -f .venv/search ] || [ "$(cat .venv/search)" != "$compiled" ]; then
  say "compiling the search for timetables (half a minute)"
  if .venv/bin/python -c 'from services.scheduling.rules.timetabling.portfolio import prepare; prepare()'; then
    printf '%s' "$compiled" >.venv/search
  else
    say "it will be compiled when it is needed"
  fi
fi
