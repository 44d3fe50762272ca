"""The ways in and out that no caller waits for: scheduled runs, the outbox, the custom resource of a deployment.

It does not own what a job records.
"""
