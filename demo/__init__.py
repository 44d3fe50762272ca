"""A sample month and what plays it. Owns the month's files and how statements are printed; no rule and no figure."""
