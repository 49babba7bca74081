"""Corpus, gap sampling, loss, optimiser and export of a checkpoint."""
