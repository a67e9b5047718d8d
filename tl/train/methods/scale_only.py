"""Mean-var initialisation: of the pretrained weights only each layer's mean and variance (arXiv 1902.07208)."""

from tl.train.methods.method import Method
from tl.train.network import Stages


class ScaleOnly(Method):
    """Plain training from weights that are drawn anew at the pretrained scale."""

    def start(self, stages: Stages) -> None:
        """Draw them."""
        stages.keep_only_scale()
