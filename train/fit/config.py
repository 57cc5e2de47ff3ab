"""All that decides a training run; the only place of its defaults, but for those of the network itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agecam.options import Codec, default_of, option
from agecam.vision.align import CROP_PX
from agecam.vision.calibration import AGES
from train.config_files import read_config
from train.data.augment import Augmentation
from train.data.choices import any_of, one_of, some_of
from train.data.targets import HEADS
from train.model.network import ARCHITECTURE_NAMES, Network

LEAST_SIZE_PX: Final = 32
"""Of images in training: networks halve them up to five times."""
AGE_LOSSES: Final[Sequence[str]] = ("distribution", "mean-variance", "mae", "mse")
"""The first two predict 101 probabilities, the others years."""
GENDER_LOSSES: Final[Sequence[str]] = ("binary", "categorical")
OPTIMIZERS: Final[Sequence[str]] = ("adamw", "adam", "sgd")
PRECISIONS: Final[Sequence[str]] = ("mixed_bfloat16", "float32")
TRACKERS: Final = {"mlflow": "MLflow", "wandb": "Weights & Biases"}
"""Programs that log a run (:mod:`train.fit.trackers`): their packages, and what they are called."""

_RENAMED_FIELDS: Final = {
    "pictures": "images",
    "average_decay": "ema_decay",
    "taught_share": "distill_weight",
    "blended": "mixup",
}
"""Fields by their names in the ``config.json`` of earlier releases; a run begun then can go on."""
_RENAMED_AUGMENTATIONS: Final = {
    "turn_deg": "rotate_deg",
    "p_coarse": "p_downscale",
    "coarsest_px": "min_downscale_px",
    "p_cover": "p_occlude",
}
"""The same for :class:`train.data.augment.Augmentation`."""

_STRENGTH: Final = Codec(float, lambda _: 1.0, Augmentation().scaled)


@dataclass(frozen=True, slots=True)
class FitConfig:
    """All that decides a run.

    ``size_px`` is what training sees: fewer pixels make early epochs cheap, and another run can start from
    their weights. ``images`` limits each split of the data, for short tries. ``init`` are models whose layers
    of the same name are taken over, the mean where several have one; ``freeze`` keeps the stem and that many
    stages as they are. ``teachers`` are models whose predictions are mixed into the labels by
    ``distill_weight``, and whose features are learnt with ``hint_weight`` (:mod:`train.fit.distillation`).
    The share ``mixup`` of the images is mixed with others, and labelled by the teachers alone.
    """

    data: Path = field(metadata=option("Folder made by `prepare`."))
    out: Path = field(metadata=option("Folder of the run; the same folder resumes it.", "--out", "-o"))
    architecture: str = field(
        default=default_of(Network, "architecture"),
        metadata=option("Layers before the heads.", codec=one_of(ARCHITECTURE_NAMES)),
    )
    width: float = field(
        default=default_of(Network, "width"),
        metadata=option("Multiplies the filters of all layers.", at_least=0.05),
    )
    heads: tuple[str, ...] = field(
        default=default_of(Network, "heads"),
        metadata=option("What to learn: age, gender or age,gender.", codec=some_of(HEADS)),
    )
    age_loss: str = field(
        default="distribution", metadata=option("What ages are learnt by.", codec=one_of(AGE_LOSSES))
    )
    gender_loss: str = field(
        default="binary", metadata=option("What genders are learnt by.", codec=one_of(GENDER_LOSSES))
    )
    size_px: int = field(
        default=CROP_PX, metadata=option("Pixels that training sees.", "--size", at_least=LEAST_SIZE_PX)
    )
    images: int | None = field(
        default=None,
        metadata=option("Use at most this many of each split.", aliases=("--pictures",), at_least=1),
    )
    epochs: int = field(default=10, metadata=option("Times that training sees all images.", at_least=1))
    patience: int | None = field(
        default=None, metadata=option("Stop after this many epochs without a lower validation loss.")
    )
    batch_size: int = field(
        default=128, metadata=option("Images a step, of all devices together.", "--batch", at_least=1)
    )
    optimizer: str = field(
        default="adamw", metadata=option("What takes the steps.", codec=one_of(OPTIMIZERS))
    )
    learning_rate: float = field(default=2e-3, metadata=option("The highest, after the warm-up.", at_least=0))
    warmup_epochs: float = 0.5
    """Over which the learning rate rises, before it falls along a cosine."""
    weight_decay: float = 0.05
    """Of AdamW."""
    ema_decay: float = field(
        default=0.999,
        metadata=option(
            "What a step keeps of the moving average of all weights; 0: none.", at_least=0, at_most=0.99999
        ),
    )
    label_smoothing: float = field(
        default=0.03, metadata=option("Of gender labels, some of which are wrong.", at_least=0, at_most=0.5)
    )
    distance_weight: float = 0.3
    """Of the distance in years beside the likelihood, in the loss "distribution"."""
    gender_weight: float = 2.0
    """Of the loss of gender beside that of age."""
    rarity_exponent: float = field(
        default=0.3,
        metadata=option("Ages weigh by their frequency to minus this power.", at_least=0, at_most=1),
    )
    emphasize: tuple[str, ...] = field(
        default=(),
        metadata=option("Ages whose images weigh more, such as 60-100=3; may be given often."),
    )
    dropout: float = field(
        default=default_of(Network, "dropout"),
        metadata=option("Before the heads.", at_least=0, at_most=0.9),
    )
    init: tuple[Path, ...] = field(
        default=(), metadata=option("Model to start from; given often, the mean of them.")
    )
    freeze: int = field(default=0, metadata=option("Stages to keep as they are.", at_least=0))
    teachers: tuple[Path, ...] = field(
        default=(),
        metadata=option("Model whose predictions refine the labels; may be given often.", "--teacher"),
    )
    distill_weight: float = field(
        default=0.5,
        metadata=option(
            "How far predictions of the teachers replace labels.",
            aliases=("--taught-share",),
            at_least=0,
            at_most=1,
        ),
    )
    hint_weight: float = field(
        default=0.0,
        metadata=option("Weight of the loss between features of student and teachers.", at_least=0),
    )
    mixup: float = field(
        default=0.0,
        metadata=option(
            "Share of images mixed with others, labelled by the teachers alone.",
            aliases=("--blended",),
            at_least=0,
            at_most=1,
        ),
    )
    precision: str = field(
        default="mixed_bfloat16", metadata=option("What layers compute in.", codec=one_of(PRECISIONS))
    )
    seed: int = field(default=0, metadata=option("Decides weights, order and augmentation."))
    workers: int = field(default=1, metadata=option("Processes that make batches.", at_least=1))
    devices: int = field(
        default=1,
        metadata=option("GPUs, or parts of the processor, that share each batch.", at_least=1),
    )
    tensorboard: bool = field(default=False, metadata=option("Log for TensorBoard too.", "--tensorboard"))
    track: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Log to mlflow or wandb, on this computer unless their own variables name a server.",
            codec=any_of(TRACKERS),
        ),
    )
    augmentation: Augmentation = field(
        default_factory=Augmentation,
        metadata=option("Strength of the random changes to the crops.", "--augment", codec=_STRENGTH),
    )

    @property
    def network(self) -> Network:
        """What is trained."""
        return Network(
            self.architecture,
            self.heads,
            self.width,
            self.dropout,
            age_units=1 if self.age_loss in ("mae", "mse") else AGES,
            gender_units=2 if self.gender_loss == "categorical" else 1,
        )


def read_fit_config(path: Path) -> dict[str, Any]:
    """The settings of a file, also of an earlier release's ``config.json``, by the names of today.

    Raises :class:`DataError` as :func:`train.config_files.read_config` does.
    """
    named = {_RENAMED_FIELDS.get(name, name): value for name, value in read_config(path).items()}
    augmentation = named.get("augmentation")
    if isinstance(augmentation, dict):
        named["augmentation"] = {_RENAMED_AUGMENTATIONS.get(n, n): value for n, value in augmentation.items()}
    return named
