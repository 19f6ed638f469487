"""The oracle on campaigns, spend and social platforms."""
from support.oracle_base import OracleBase, Ratio


class Marketing(OracleBase):
    KPIS = {
        "impressions": "count", "cost_per_impression": "money", "click_through_rate": "ratio", "marketing_spend": "money", "customer_acquisition_cost": "money",
        "cost_per_acquisition": "money", "email_open_rate": "ratio", "email_click_rate": "ratio", "followers": "count", "engagement_rate": "ratio"}

    # a campaign's day and a spend do not have their groups as attributes -----------------------------

    def attribute(self, fact, dimension):
        if hasattr(fact, "figures"):
            campaign = getattr(fact, "campaign", None)
            if campaign is None:
                return fact.platform if dimension == "channel" else None
            return {"campaign": campaign.key, "channel": campaign.channel}.get(dimension)
        if hasattr(fact, "paid_media") and dimension == "channel":
            return self._channel(fact.campaign)
        return super().attribute(fact, dimension)

    def _channel(self, name):
        """Of the campaign that a spend names: by its external id, else by its name."""
        campaigns = self.facts.campaigns
        found = [campaign for campaign in campaigns if name is not None and campaign.external_id == name] or [campaign for campaign in campaigns if campaign.name == name]
        return found[0].channel if found else None

    # measures -----------------------------------------------------------------------------------

    def figures(self, scope, *names):
        return sum(day.figures.get(name) or 0 for day in self.within(scope, self.facts.days) for name in names)

    def _mailed(self, scope, needed):
        return [day.figures for day in self.within(scope, self.facts.days) if "sent" in day.figures and needed in day.figures]

    def opened(self, scope):
        return sum(figures["sent"] - figures.get("bounced", 0) - figures["unopened"] for figures in self._mailed(scope, "unopened"))

    def delivered(self, scope, needed="sent"):
        return sum(figures["sent"] - figures.get("bounced", 0) for figures in self._mailed(scope, needed))

    def campaign_spend(self, scope):
        return self.figures(scope, "spend") + sum(spend.amount for spend in self.within(scope, self.facts.spend) if spend.campaign is not None)

    # KPIs ---------------------------------------------------------------------------------------

    def impressions(self, scope):
        return self.figures(scope, "impressions") + self.opened(scope)

    def cost_per_impression(self, scope):
        return Ratio(self.campaign_spend(scope), self.impressions(scope))

    def click_through_rate(self, scope):
        return Ratio(self.figures(scope, "clicks"), self.impressions(scope))

    def marketing_spend(self, scope):
        return self.figures(scope, "spend") + sum(spend.amount for spend in self.within(scope, self.facts.spend))

    def paid_media_spend(self, scope):
        """What campaigns cost on days without e-mails, and what is said to be paid media."""
        ads = sum(day.figures.get("spend", 0) for day in self.within(scope, self.facts.days) if "sent" not in day.figures)
        return ads + sum(spend.amount for spend in self.within(scope, self.facts.spend) if spend.paid_media)

    def customer_acquisition_cost(self, scope, basis=None):
        return Ratio(self.paid_media_spend(scope) if basis == "paid_media" else self.marketing_spend(scope), len(self.new(scope)))

    def cost_per_acquisition(self, scope):
        return Ratio(self.campaign_spend(scope), self.figures(scope, "conversions"))

    def conversion_rate_of_campaigns(self, scope):
        return Ratio(self.figures(scope, "conversions"), self.figures(scope, "interactions"))

    def email_open_rate(self, scope):
        return Ratio(self.opened(scope), self.delivered(scope, "unopened"))

    def email_click_rate(self, scope):
        return Ratio(sum(figures["clicks"] for figures in self._mailed(scope, "clicks")), self.delivered(scope))

    # social platforms ---------------------------------------------------------------------------

    ENGAGEMENT = {"facebook": ("reactions", "comments", "shares"), "instagram": ("likes", "comments")}
    ALL = ("reactions", "comments", "shares", "likes")

    def follower_counts(self, scope):
        """{platform: last known count before the end of the window}"""
        found = {}
        for day in sorted(self.facts.social, key=lambda day: day.day):
            if day.day < scope.past and "followers" in day.figures and self.has(scope, day):
                found[day.platform] = day.figures["followers"]
        return found

    def engagement_of(self, scope, platform):
        return sum(day.figures.get(name) or 0 for day in self.within(scope, self.facts.social) if day.platform == platform for name in self.ENGAGEMENT.get(platform, self.ALL))

    def followers(self, scope):
        return sum(self.follower_counts(scope).values())

    def engagement_rate(self, scope):
        counts = self.follower_counts(scope)
        return Ratio(sum(self.engagement_of(scope, platform) for platform in counts), sum(counts.values()))
