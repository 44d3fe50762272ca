"""Campaign billing: what campaigns use, recorded exactly once, and what that costs."""

__version__ = "1.0.0"
"""The version of the code and of its HTTP contract; each response of the API states it."""
