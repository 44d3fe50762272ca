"""`make redrive`: send the dead letters of a stack's usage queue again, once what their reasons name is mended (design §8).

Each is sent before it is deleted, so none is lost. One that is sent twice is recorded once.
"""

import sys
from typing import Any

import boto3

DEAD_LETTERS, QUEUE = "UsageDeadLettersUrl", "UsageQueueUrl"
"""Outputs of the stack."""


def main() -> None:
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=sys.argv[1])["Stacks"]
    urls = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    moved = move(boto3.client("sqs"), urls[DEAD_LETTERS], urls[QUEUE])
    print(f"{moved:,} messages are in the usage queue again.")


def move(sqs: Any, source: str, target: str) -> int:
    """Move the messages that are there when it begins, and return how many; what comes back waits for the next run."""
    attributes = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    waiting, moved = int(attributes["ApproximateNumberOfMessages"]), 0
    while moved < waiting:
        messages = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages")
        if not messages:
            break
        for message in messages:
            sqs.send_message(QueueUrl=target, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        moved += len(messages)
    return moved


if __name__ == "__main__":
    main()
