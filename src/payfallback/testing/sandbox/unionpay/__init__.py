"""UnionPay ACP 5.1.0, as its servers behave."""
