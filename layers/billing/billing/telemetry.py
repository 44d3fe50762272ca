"""The one logger and the one collector of metrics of a process."""

import os

from aws_lambda_powertools import Logger, Metrics

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "campaign-billing")
"""The stack's name on AWS, so that the metrics and alarms of two stages in one account are apart."""

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="CampaignBilling", service=SERVICE)
