"""JD Pay V2, as its servers behave."""
