"""An independent opinion on every KPI: slow, plain Python over a list of facts, written from the definitions, apart from the product's queries."""
from support.oracle_base import PLACES, Ratio, Scope, proportions_differ, rounded, wilson
from support.oracle_journey import Journey
from support.oracle_lifecycle import Lifecycle
from support.oracle_marketing import Marketing
from support.oracle_programs import Programs
from support.oracle_sales import Sales
from support.oracle_value import Value

__all__ = ["PLACES", "Oracle", "Ratio", "Scope", "proportions_differ", "rounded", "wilson"]

ALL = {"channel", "campaign", "country", "storefront"}
GROUPED = {}  # what a KPI can be grouped by: what its facts have
for _names, _dimensions in (
        (Sales.KPIS, ALL), (Value.KPIS, ALL), (Marketing.KPIS, {"channel", "campaign"}), (("clv_to_cac", "cac_payback_months"), {"channel", "campaign"}),
        (("followers", "engagement_rate"), {"channel"}), (("unique_visitors", "sessions", "average_session_duration", "pages_per_session", "bounce_rate"), {"channel", "campaign", "country"}),
        (("conversion_rate",), {"channel", "campaign"}), (("cart_abandonment_rate", "abandoned_value", "cart_recovery_rate"), ALL), (("csat", "ces", "nps"), {"channel", "country"}),
        (("reviews", "average_rating", "subscription_renewal_rate", "referral_participation_rate"), {"country"}),
        (("loyalty_participation_rate", "referred_customers", "referral_value", "discovery_channels"), ALL)):
    GROUPED |= dict.fromkeys(_names, _dimensions)


class Oracle(Sales, Marketing, Journey, Programs, Value, Lifecycle):
    """All of it. A KPI's name is the name of a method."""
    KPIS = {name: unit for part in (Marketing, Journey, Sales, Programs, Value) for name, unit in part.KPIS.items()}

    def dimensions(self, name):
        return GROUPED.get(name, set())

    def keys(self, dimension):
        """All groups that facts name."""
        if dimension == "country":
            return {row.country for row in self.facts.customers.values()} | {None}
        return {getattr(fact, dimension, None) for facts in (self.facts.orders, self.facts.touchpoints, self.facts.cart_updates, self.facts.answers, self.facts.spend, self.facts.campaigns)
                for fact in facts} | {campaign.key for campaign in self.facts.campaigns if dimension == "campaign"} | {None}
