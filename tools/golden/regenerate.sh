#!/bin/sh
# Installs the pinned packages into a fresh virtual environment (GOLDEN_VENV, if set, keeps it) and
# makes testdata/golden and the figures of docs/agreement.md again.
set -e
cd "$(dirname "$0")/../.."
venv=${GOLDEN_VENV:-$(mktemp -d)}
${PYTHON:-python3} -m venv "$venv"
"$venv/bin/pip" install --quiet -r tools/golden/requirements.txt
"$venv/bin/pip" install --quiet --no-deps -r tools/golden/requirements-nodeps.txt
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" tools/golden/generate.py
go test -run Golden . -update-golden
[ -n "$GOLDEN_VENV" ] || rm -rf "$venv"
git diff --stat -- testdata/golden docs/agreement.md
