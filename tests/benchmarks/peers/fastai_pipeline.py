"""fastai with its own pipeline: from_folder, Resize for each picture, aug_transforms for each batch, one cycle.

The learner is what vision_learner makes for networks it can cut: two parameter groups, Adam, frozen with BatchNorm
training on (fastai's default). It can't cut torchvision's MobileNetV2, so the groups are named here.
"""

import time

from tests.benchmarks.peers.contestant import Contestant


def main() -> None:
    """Train for `epochs`, everything or, with `frozen`, the head alone."""
    contestant = Contestant()
    settings = contestant.settings
    from fastai.vision import all as fastai

    from tests.benchmarks.peers.network import mobilenet_v2

    class TakeTurns(fastai.Callback):
        """Reports an epoch and lets the others go on; runs after every other callback."""

        order = 1000

        def before_fit(self):
            self.began = time.monotonic()

        def before_validate(self):
            self.trained = time.monotonic()

        def after_epoch(self):
            ended = time.monotonic()
            contestant.report(
                train_seconds=self.trained - self.began,
                eval_seconds=ended - self.trained,
                val_accuracy=float(self.learn.recorder.values[-1][-1]),
            )
            if self.epoch + 1 < self.n_epoch:
                contestant.hand_over()
            self.began = time.monotonic()

    loaders = fastai.ImageDataLoaders.from_folder(
        settings.folder,
        train="train",
        valid="valid",
        bs=settings.batch_size,
        item_tfms=fastai.Resize(settings.resolution),
        batch_tfms=[*fastai.aug_transforms(), fastai.Normalize.from_stats(*fastai.imagenet_stats)],
    )
    learner = fastai.Learner(
        loaders,
        mobilenet_v2(loaders.c, settings.weights),
        metrics=fastai.accuracy,
        splitter=lambda network: [fastai.params(network.features), fastai.params(network.classifier)],
        cbs=TakeTurns(),
    )
    if settings.frozen:
        learner.freeze()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(settings.epochs, settings.learning_rate)


if __name__ == "__main__":
    main()
