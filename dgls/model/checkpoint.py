"""A checkpoint on disk: where it is, whether it is one that dgls can host, and its weights as a model.

Each thing that can be wrong is one :class:`CheckpointError` that says what to do. The library's own messages
are long, and one of its failures is silent: weights that a checkpoint lacks are drawn at random.
"""

import gc
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import torch

import dgls
from dgls.model.description import CheckpointError, SamplerAdvice

if TYPE_CHECKING:
    from transformers import DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig

EMBEDDED = Path(dgls.__file__).parent / "checkpoints" / "embedded"
ARCHITECTURE = "DiffusionGemmaForBlockDiffusion"
MODEL_TYPE = "diffusion_gemma"
HUB_FILES = ["*.json", "*.safetensors", "*.jinja"]

IMPORT_STAGES = (
    "transformers.generation",
    "torch.fx.experimental.symbolic_shapes",
    "transformers.generation.continuous_batching",
    "transformers.modeling_utils",
    "transformers.models.gemma4.modeling_gemma4",
    "transformers.models.diffusion_gemma.modeling_diffusion_gemma",
)
"""Imported one after the other, so that progress can be told in between: imports are most of a load."""

Report = Callable[[float, str], None]
"""Told a fraction from 0 to 1, and what is happening."""


class TextConfig(msgspec.Struct):
    """What dgls itself reads of ``text_config``."""

    vocab_size: int = 262_144
    max_position_embeddings: int = 131_072
    use_bidirectional_attention: str | None = None
    pad_token_id: int | None = 0
    eos_token_id: int | list[int] | None = 1
    bos_token_id: int | None = 2


class CheckpointConfig(msgspec.Struct):
    """What dgls itself reads of ``config.json``."""

    model_type: str | None = None
    architectures: list[str] | None = None
    text_config: TextConfig = msgspec.field(default_factory=TextConfig)
    canvas_length: int = 256
    boi_token_id: int | None = 255_999
    eoi_token_id: int | None = 258_882
    image_token_id: int | None = 258_880


class EntropyBound(msgspec.Struct):
    """The library's ``sampler_config``."""

    entropy_bound: float | None = None


class GenerationConfig(msgspec.Struct):
    """What dgls reads of ``generation_config.json``; null everywhere is usual."""

    max_denoising_steps: int | None = None
    sampler_config: EntropyBound | None = None
    t_min: float | None = None
    t_max: float | None = None
    stability_threshold: int | None = None
    confidence_threshold: float | None = None
    eos_token_id: int | list[int] | None = None

    def advice(self) -> SamplerAdvice:
        """The sampler values in the words of dgls."""
        return SamplerAdvice(
            max_steps=self.max_denoising_steps,
            entropy_bound=self.sampler_config.entropy_bound if self.sampler_config else None,
            temperature_start=self.t_max,
            temperature_end=self.t_min,
            stability=self.stability_threshold,
            confidence=self.confidence_threshold,
        )


class NotDownloaded(CheckpointError):
    """A checkpoint of the hub that is not on this machine, where nothing may be downloaded."""


Config = TypeVar("Config", CheckpointConfig, GenerationConfig)


def find_checkpoint(checkpoint: str, allow_download: bool) -> Path:
    """The folder of ``checkpoint``: ``embedded``, a folder, or a hub id (downloaded only if that is
    allowed)."""
    if checkpoint == "embedded":
        if not EMBEDDED.is_dir():
            raise CheckpointError(
                "the embedded checkpoint is not part of this installation; install dgls again, or name "
                "another one in the setting model.checkpoint"
            )
        return EMBEDDED
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise CheckpointError(f'checkpoint "{checkpoint}" is a file; name the folder that holds config.json')
    if folder.is_absolute() or checkpoint.startswith((".", "~")) or checkpoint.count("/") != 1:
        raise CheckpointError(
            f'checkpoint "{checkpoint}" does not exist; name a folder, a hub id ("owner/name") or "embedded"'
        )
    return _fetch(checkpoint, allow_download)


def read_config(folder: Path) -> CheckpointConfig:
    """``config.json`` of ``folder``, of the one architecture that dgls hosts."""
    config = _read(folder, "config.json", CheckpointConfig)
    if config is None:
        raise CheckpointError(f'checkpoint "{folder}" has no config.json; name the folder that holds one')
    if config.model_type != MODEL_TYPE or ARCHITECTURE not in (config.architectures or [ARCHITECTURE]):
        found = ", ".join(config.architectures or []) or config.model_type or "nothing"
        raise CheckpointError(
            f'checkpoint "{folder}" is of architecture {found}; dgls hosts {ARCHITECTURE} alone: name a '
            "checkpoint of that class"
        )
    if config.text_config.use_bidirectional_attention == "all":
        raise CheckpointError(
            f'checkpoint "{folder}" has an encoder that is not causal (use_bidirectional_attention "all"), '
            "so that nothing it reads could be kept; name a checkpoint with a causal encoder"
        )
    return config


def read_text_config(folder: Path) -> "DiffusionGemmaTextConfig":
    """The library's own reading of ``text_config``, with what follows from it for each layer."""
    from transformers.models.diffusion_gemma.configuration_diffusion_gemma import DiffusionGemmaConfig

    try:
        return DiffusionGemmaConfig.from_pretrained(folder, local_files_only=True).text_config
    except Exception as error:  # the library has many
        raise CheckpointError(
            f'checkpoint "{folder}": config.json cannot be used ({type(error).__name__}); copy it again'
        ) from error


def read_generation_config(folder: Path) -> GenerationConfig:
    """``generation_config.json`` of ``folder``; nulls where there is none."""
    return _read(folder, "generation_config.json", GenerationConfig) or GenerationConfig()


def import_model_class(report: Report) -> type["DiffusionGemmaForBlockDiffusion"]:
    """The library's model class; seconds of imports, told to ``report`` from 0 to 1."""
    for index, module in enumerate(IMPORT_STAGES):
        report(index / len(IMPORT_STAGES), f"importing {module}")
        loaded = _import_for_good(module)
    found: type[DiffusionGemmaForBlockDiffusion] = getattr(loaded, ARCHITECTURE)
    return found


def load_model(
    model_class: type["DiffusionGemmaForBlockDiffusion"],
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
) -> "DiffusionGemmaForBlockDiffusion":
    """The weights in ``folder`` as a model that is ready to run; its parameters want no gradient."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        loaded: tuple[Any, dict[str, Any]] = model_class.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,  # other formats can hold code
            attn_implementation="eager" if device.type == "cpu" else "sdpa",  # 7 % faster a step on a CPU
            output_loading_info=True,
        )
    except Exception as error:  # damaged files raise whatever the reader of the day raises
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        step = "dgls doctor says what it needs" if "memory" in reason else "copy or export it again"
        raise CheckpointError(
            f'checkpoint "{folder}": its weights cannot be loaded: {reason}; {step}'
        ) from error
    model, loading = loaded
    wrong = {kind: sorted(map(str, loading.get(kind) or ())) for kind in ("missing_keys", "mismatched_keys")}
    for kind, names in wrong.items():
        if names:
            raise CheckpointError(
                f'checkpoint "{folder}": {len(names)} tensors of its weights are '
                f"{kind.removesuffix('_keys')}, {names[0]} for one; copy or export it again"
            )
    model.requires_grad_(False)
    return model.to(device).eval()


def _import_for_good(module: str) -> ModuleType:
    """Import a module that stays, without garbage collections, and leave it out of all later ones.

    One collection of these libraries stops every thread for 300 ms. They are collected once, a stage at a time:
    what is garbage when it is frozen stays too, with all that it refers to.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def _read(folder: Path, name: str, kind: type[Config]) -> Config | None:
    path = folder / name
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckpointError(f'checkpoint "{folder}": {name} cannot be used: {error}') from error


def _fetch(checkpoint: str, allow_download: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(checkpoint, allow_patterns=HUB_FILES, local_files_only=not allow_download)
    except LocalEntryNotFoundError as error:
        missing = f'checkpoint "{checkpoint}" is not on this machine'
        if not allow_download:
            raise NotDownloaded(
                f"{missing}; name a folder, or let it be downloaded (setting model.allow_download)"
            ) from error
        raise CheckpointError(
            f"{missing}, and the hub that has it cannot be reached; check the network, then start dgls again"
        ) from error
    except (
        Exception
    ) as error:  # the hub's client raises errors of its own, of requests and of the file system
        raise CheckpointError(f'checkpoint "{checkpoint}" cannot be fetched: {error}') from error
    return Path(folder)
