#!/usr/bin/env bash
# make build: sam build with the template's Python, then bytecode, which sam makes none of and which halves a cold start.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^    Runtime: python//p' template.yaml)

# A version manager's shim may be on PATH and not run; its own interpreters lie in its folders.
for folder in $(dirname "$(command -v "python$version" || echo /none/python)") \
  "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin "$HOME"/.local/share/uv/python/cpython-"$version".*/bin; do
  if "$folder/python$version" -c 'import sys' 2>/dev/null; then interpreter=$folder; break; fi
done
if [ -z "${interpreter:-}" ]; then
  echo "make build needs Python $version, the runtime of template.yaml: install it, for example with 'uv python install $version'." >&2
  exit 1
fi

PATH="$interpreter:$PATH" "${SAM:-sam}" build --cached --parallel
"$interpreter/python$version" -m compileall -q --invalidation-mode unchecked-hash .aws-sam/build
echo "The layer: $(du -sm .aws-sam/build/BillingLayer | cut -f1) MB"
