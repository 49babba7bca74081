"""LSP over stdio: thin features that translate the protocol to jobs, and fills to edits. Knows no tensor."""
