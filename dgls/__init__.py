"""dgls: a code-infilling language server that hosts a text-diffusion model in its own process."""

__version__ = "0.1.0"
