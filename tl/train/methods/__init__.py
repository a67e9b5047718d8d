"""HOW a network learns, one file a way: what it prepares, which parameters train, what happens around each step."""

from tl import strategies
from tl.config import RunConfig
from tl.train.methods.adabn import AdaBn
from tl.train.methods.anchored import Anchored
from tl.train.methods.cdan import Cdan
from tl.train.methods.dann import Dann
from tl.train.methods.layer_decay import LayerDecay
from tl.train.methods.lora import Lora
from tl.train.methods.mcc import Mcc
from tl.train.methods.method import Method
from tl.train.methods.nearest_mean import NearestMean
from tl.train.methods.norm_and_bias import NormAndBias
from tl.train.methods.scale_only import ScaleOnly

METHODS: dict[str, type[Method]] = {
    strategies.PLAIN: Method,
    strategies.SCALE_ONLY: ScaleOnly,
    strategies.ANCHORED: Anchored,
    strategies.NEAREST_MEAN: NearestMean,
    strategies.NORM_AND_BIAS: NormAndBias,
    strategies.LORA: Lora,
    strategies.LAYER_DECAY: LayerDecay,
    strategies.ADABN: AdaBn,
    strategies.DANN: Dann,
    strategies.CDAN: Cdan,
    strategies.MCC: Mcc,
}


def method_of(config: RunConfig) -> Method:
    """The method of a run's strategy."""
    return METHODS[strategies.STRATEGIES[config.arm.strategy].method](config)
