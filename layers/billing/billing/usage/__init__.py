"""What was used: the event, its names, its sums over a period, and the pages in which it is read.

It does not own what usage costs (`pricing/`) or who may report it (`api/`).
"""
