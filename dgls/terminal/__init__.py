"""What a person types and sees in a terminal: files and places in them, the canvas as it settles, diffs."""
