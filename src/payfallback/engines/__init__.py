"""Recovery on an engine that a shop runs already: DBOS (`engines.dbos`) or Celery (`engines.celery`).

An engine decides when somebody looks at an order, and who. What became of it stands in the journal alone, so a look
that is lost, late or made twice changes nothing: the journal still says that the order is due, and who holds it.
"""
