#!/usr/bin/env bash
# make build: sam build with the template's Python, then bytecode, which sam makes none of and which halves a cold start.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$(bash local/artefacts/python.sh)

PATH="$(dirname "$python"):$PATH" SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam build

layer=.aws-sam/build/BillingLayer/python
# What nothing reads at run time: what lies beside the package, scripts, the page that tries an API out.
rm -rf "$layer"/{pyproject.toml,requirements.in,requirements.txt} "$layer"/*.data
rm "$layer"/aws_lambda_powertools/event_handler/openapi/swagger_ui/*.{js,css}
# pg8000 and scramp ask for their versions whenever they are loaded, and would parse the README that follows.
sed -i '/^$/,$d' "$layer"/*.dist-info/METADATA
cat layers/*/requirements.txt |
    .venv-sbom/bin/cyclonedx-py requirements --output-reproducible --output-format JSON --output-file .aws-sam/sbom.json -
"$python" -m compileall -q --invalidation-mode unchecked-hash .aws-sam/build
echo "The layer: $(du -sm "$layer" | cut -f1) MB"
