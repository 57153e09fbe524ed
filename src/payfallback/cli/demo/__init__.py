"""`payfallback demo`: a few hundred checkouts through an outage of Baitiao, held against the provider's own ledger."""
