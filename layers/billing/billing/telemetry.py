"""The one logger and the one collector of metrics of a process."""

from aws_lambda_powertools import Logger, Metrics

SERVICE = "campaign-billing"

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="CampaignBilling", service=SERVICE)
