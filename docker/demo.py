#!/usr/bin/env python3
"""Fills a Ciclo with a demo shop of three years, through HTTP, and prints requests to try.   demo.py BASE_URL

The shop is the same every time: own dice with a constant seed, all dates before a constant day. So the answers
printed in documents stay true. A fill that was cut short is taken up again; facts that are there stay as they are.
"""
import sys

sys.dont_write_bytecode = True

from demoshop.service import Service  # noqa: E402
from demoshop.shop import Shop, fill, is_full  # noqa: E402

YEAR = "from=2025-01-01&to=2026-01-01"
TRY = f"""
Where everybody stood, and who moved in a year:
  curl -s '{{base}}/v1/lifecycle/stages?at=2025-12-31'
  curl -s '{{base}}/v1/lifecycle/transitions?from=2024-12-31&to=2025-12-31&model=awareness_advocacy'
One customer: what happened, and which fact led to which stage:
  curl -s '{{base}}/v1/customers/external:C00262/timeline'
Numbers with their working, beside last year, by channel, and by quarter:
  curl -s '{{base}}/v1/kpis/retention_rate?{YEAR}&compare=previous_year'
  curl -s '{{base}}/v1/kpis/customer_acquisition_cost?{YEAR}&group_by=channel'
  curl -s -H 'Accept: text/csv' '{{base}}/v1/nps?from=2024-01-01&to=2026-01-01&interval=quarter'
Everything at once; who came when and stayed; who is worth most:
  curl -s '{{base}}/v1/dashboard?{YEAR}'
  curl -s -H 'Accept: text/csv' '{{base}}/v1/cohorts?{YEAR}'
  curl -s '{{base}}/v1/segments/rfm?at=2025-12-31'
"""


def wait_until_derived(service):
    """Stages and days are derived in the background; whoever tries something first need not wait for all of them."""
    while service.send("GET", "/v1/lifecycle/stages", accept=(200, 504))[0] == 504:
        pass


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base = sys.argv[1].rstrip("/")
    service = Service(base)
    if not is_full(service):
        fill(service, Shop())
    wait_until_derived(service)
    print("\nThe demo shop is ready: three years to 2026-01-01, pounds, Europe/London.\n" + TRY.format(base=base), flush=True)


if __name__ == "__main__":
    main()
