"""JD's aggregate payment, as its servers behave."""
