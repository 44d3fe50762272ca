"""What was agreed: a campaign, its model's terms and its subscription, built once when they are loaded.

It does not own what they come to in money (`pricing/`).
"""
