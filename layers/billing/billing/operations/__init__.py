"""One module for each function: it loads, applies the rules and writes, in one transaction."""
