#!/usr/bin/env bash
# Prints the path of an interpreter of template.yaml's Python version, or says in one sentence how to get one.
set -euo pipefail
version=$(sed -n 's/^    Runtime: python//p' "$(dirname "$0")/../../template.yaml")

for python in $(type -ap "python$version") "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python"$version" \
  "$HOME"/.local/share/uv/python/cpython-"$version".*/bin/python"$version"; do
  # A version manager's shim may not run, and where it does, sam needs the interpreter behind it, with its pip.
  if "$python" -c 'import ensurepip, pip, sys; print(sys.executable)' 2>/dev/null; then exit; fi
done
echo "Python $version with pip, the runtime of template.yaml, is needed; for example: uv python install $version" >&2
exit 1
