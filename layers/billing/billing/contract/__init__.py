"""What is said over HTTP: the types and shapes that requests and responses are made of.

It does not own how they travel (`api/`) or what they mean (the rooms of the rules).
"""
