"""Commands on a stage in AWS: before a deployment (preflight), after it (verify), the demo's data for it (seed), and the
files of its console (console).

They ask AWS as the AWS CLI would, with the same credentials and region. Nothing of a stage is changed but by seed and console.
"""
