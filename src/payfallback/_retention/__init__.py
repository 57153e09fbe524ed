"""Looking after a journal as a whole: what may leave it, how it is exported, and whether it is whole."""
