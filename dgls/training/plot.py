"""Pictures of a training log: losses, held-out exact match, rate and speed over the tokens seen."""

from collections.abc import Sequence

from dgls.plotting import image_of, new_figure
from dgls.training.log import LogLine


def plot_of(log: Sequence[LogLine], ending: str) -> bytes:
    """The plot of ``log`` as a file of the format that ``ending`` names."""
    tokens = [line.tokens / 1e6 for line in log]
    validated = [line for line in log if line.validation_decoder_loss is not None]
    at = [line.tokens / 1e6 for line in validated]
    figure = new_figure(12, 6)
    losses, exact, rate, speed = (figure.add_subplot(2, 2, place) for place in (1, 2, 3, 4))
    losses.plot(tokens, [line.decoder_loss for line in log], "C0-", alpha=0.5, label="decoder")
    losses.plot(tokens, [line.encoder_loss for line in log], "C1-", alpha=0.5, label="encoder")
    losses.plot(
        at, [line.validation_decoder_loss or 0.0 for line in validated], "C0o", label="decoder, held out"
    )
    losses.plot(
        at, [line.validation_encoder_loss or 0.0 for line in validated], "C1o", label="encoder, held out"
    )
    losses.legend(fontsize="small")
    exact.plot(at, [100 * (line.validation_exact_match or 0.0) for line in validated], "C2o-")
    rate.plot(tokens, [line.rate for line in log], "C3-")
    speed.plot(tokens, [line.tokens_per_second for line in log], "C4-")
    waits = [line.waited for line in log if line.waited is not None]
    waiting = f"; {sum(waits) / max(log[-1].elapsed, 0.1):.1%} of the time waiting for the next batch"
    titles = (
        "loss, nats per token",
        "canvases right in one pass, held out, %",
        "learning rate, share of the peak",
        "tokens per second" + waiting * bool(waits),
    )
    for axes, title in zip((losses, exact, rate, speed), titles, strict=True):
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("tokens seen, millions", fontsize="small")
        axes.grid(alpha=0.3)
    return image_of(figure, ending)
