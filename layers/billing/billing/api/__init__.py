"""The way in for API Gateway: routes, callers, bodies, parameters and problems.

It does not own what an operation does.
"""
