"""A statement in the shape of responses: quantities with six decimals, prices and amounts in their currency."""

from billing.contract.statements import Billing, BillingLine
from billing.money import show_price, show_quantity
from billing.pricing.statement import Line, Statement


def billing(statement: Statement) -> Billing:
    """The statement's lines and totals."""
    return Billing(
        unit_price=show_price(statement.unit_price, statement.currency or "") if statement.unit_price is not None else None,
        quantity=show_quantity(statement.quantity) if statement.quantity is not None else None,
        currency=statement.currency,
        lines=[billing_line(line) for line in statement.lines],
        **statement.totals._asdict(),
    )


def billing_line(line: Line) -> BillingLine:
    """One line."""
    return BillingLine(
        key=line.key,
        description=line.description,
        quantity=show_quantity(line.quantity),
        unit=line.unit,
        unit_price=show_price(line.unit_price, line.currency),
        amount=line.amount,
        covered_by=line.covered_by,
        start=line.start,
        end=line.end,
        derivation=" + ".join(line.derivation),
        estimated_amount=line.estimated_amount,
    )
