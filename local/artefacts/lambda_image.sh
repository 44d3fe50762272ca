#!/usr/bin/env bash
# Builds a stand-in for AWS's base image of the template's runtime, from this machine's own CPython, C library and shell, and
# from what .venv-lambda holds: no image has to be pulled. AWS's own, which has no such label, is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-lambda
python=$(realpath $venv/bin/python)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
image=public.ecr.aws/lambda/python:$version-x86_64
made_from=$(cat "$0" requirements/lambda.txt layers/billing/requirements.txt "$python" | sha256sum | cut -c1-16)
label=$(docker image inspect --format '{{index .Config.Labels "made-from"}}' "$image" 2>/dev/null || echo none)
if [ -z "$label" ] || [ "$label" = "$made_from" ]; then exit; fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
lang=$root/var/lang
mkdir -p "$root"/{bin,tmp,proc,sys,dev,opt,var/{task,runtime,rapid}} "$lang"/{bin,lib}

# The interpreter finds its library beside its own folder, wherever that is.
cp "$python" "$lang/bin/python$version"
tar -C "$(dirname "$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')")" -c \
  --exclude={test,site-packages,dist-packages,__pycache__,idlelib,tkinter,ensurepip,'config-*'} "python$version" | tar -C "$lang/lib" -x
cp -r $venv/lib/python"$version"/site-packages "$lang/lib/python$version/"
# The SAM CLI puts its emulator and the layer into the image with these.
cp -L "$(type -P sh)" "$(type -P mv)" "$(type -P chmod)" "$(type -P cp)" "$(type -P rm)" "$root/bin"

# The loader, and every library that a program or a module asks for, the layer's too, where it is on this machine.
find "$root" .aws-sam/build -type f \( -name '*.so*' -o -path '*/bin/*' \) -exec ldd {} + 2>/dev/null |
  sed -n 's|^\t\(.* => \)\?\(/[^ ]*\) (0x.*|\2|p' | grep -v -e "^$root" -e "^$PWD" | sort -u | xargs -I{} cp -L --parents {} "$root"

cat > "$root/var/runtime/bootstrap" <<EOF
#!/bin/sh
export PYTHONPATH=\$LAMBDA_TASK_ROOT:/opt/python/lib/python$version/site-packages:/opt/python
exec /var/lang/bin/python$version -m awslambdaric "\$_HANDLER"
EOF
chmod 755 "$root" "$root/var/runtime/bootstrap"
chmod 1777 "$root/tmp"

tar -C "$root" --owner=0 --group=0 -c . | docker import --change "LABEL made-from=$made_from" --change 'WORKDIR /var/task' \
  --change 'ENV PATH=/var/lang/bin:/bin LANG=en_US.UTF-8 TZ=:UTC LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' \
  - "$image" > /dev/null
echo "The image $image: $(docker image inspect --format '{{.Size}}' "$image" | numfmt --to=si)B"
