"""Hosts of diffusion checkpoints: description, tokenizer, prefix store, encoder and decoder passes."""
