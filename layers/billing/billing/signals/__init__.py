"""What can be read off usage, terms and statements (design §15): capacity, forecasts, series, pricing signals, opportunities
and proposals. Plain formulas, each shown with its inputs.

It does not own a charge (`pricing/`), and nothing here changes what is charged.
"""
