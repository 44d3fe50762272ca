"""The rows that benchmarks begin with, many in one statement."""

from typing import Any

from tests.world import World


def campaigns(world: World, company: str, model: str, count: int, terms: dict[str, Any]) -> None:
    """That many campaigns of a model with the same terms, by column; those that are there stay. Their ids are
    `company-model-number`, from 1."""
    world.connection.run(
        f"""
        INSERT INTO campaigns (id, company_id, name, status, pricing_model, currency, {", ".join(terms)})
        SELECT concat_ws('-', :company::text, :model::text, n), :company, 'Campaign', 'active', :model, 'EUR',
            {", ".join(f":{name}" for name in terms)}
        FROM generate_series(1, :count::int) n ON CONFLICT DO NOTHING
        """,
        company=company,
        model=model,
        count=count,
        **terms,
    )
