#!/usr/bin/env bash
# make setup-times: what each target takes in a fresh clone of its own, the first time (with its set-up) and again.
set -euo pipefail
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset DATABASE_URL MAKEFLAGS MAKELEVEL

[ $# -gt 0 ] || set -- demo check test-fast test
for target; do
  git clone --quiet "$root" "$folder/$target"
  for run in first again; do
    started=$SECONDS
    make --silent -C "$folder/$target" "$target" > "$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; exit 1; }
    echo "make $target, $run: $((SECONDS - started)) s"
  done
  make --silent -C "$folder/$target" clean
done
