"""Campaign billing: what campaigns use, recorded exactly once, and what that costs."""
