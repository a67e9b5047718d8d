"""Lightning with its BackboneFinetuning callback, on the plain loop's pictures and loaders."""

import time

from tests.benchmarks.peers.contestant import Contestant
from tests.benchmarks.peers.plain import loaders

NEVER = 10**6  # an epoch that does not come


def main() -> None:
    """Train for `epochs`, everything from the first epoch or, with `frozen`, the head alone."""
    contestant = Contestant()
    settings = contestant.settings
    import lightning
    import torch
    from lightning.pytorch.callbacks import BackboneFinetuning, Callback
    from torch import nn

    from tests.benchmarks.peers.network import mobilenet_v2

    class Classifier(lightning.LightningModule):
        """Backbone and head apart, as BackboneFinetuning wants them."""

        def __init__(self, classes: int):
            super().__init__()
            network = mobilenet_v2(classes, settings.weights)
            self.backbone, self.head, self.right = network.features, network.classifier, 0

        def forward(self, pictures):
            return self.head(self.backbone(pictures).mean((2, 3)))

        def training_step(self, batch, _):
            return nn.functional.cross_entropy(self(batch[0]), batch[1])

        def validation_step(self, batch, _):
            self.right += (self(batch[0]).argmax(1) == batch[1]).sum().item()

        def configure_optimizers(self):
            trainable = [parameter for parameter in self.parameters() if parameter.requires_grad]
            return torch.optim.Adam(trainable, lr=settings.learning_rate)

    class TakeTurns(Callback):
        """Reports an epoch and lets the others go on."""

        def on_train_start(self, trainer, module):
            self.began = time.monotonic()

        def on_validation_start(self, trainer, module):
            self.trained, module.right = time.monotonic(), 0

        def on_train_epoch_end(self, trainer, module):
            contestant.report(
                train_seconds=self.trained - self.began,
                eval_seconds=time.monotonic() - self.trained,
                val_accuracy=module.right / len(validation.dataset),
            )
            if trainer.current_epoch + 1 < settings.epochs:
                contestant.hand_over()
            self.began = time.monotonic()

    training, validation, classes = loaders(settings.folder, settings.resolution, settings.batch_size)
    unfreeze = BackboneFinetuning(unfreeze_backbone_at_epoch=NEVER if settings.frozen else 0)
    trainer = lightning.Trainer(
        max_epochs=settings.epochs,
        callbacks=[unfreeze, TakeTurns()],
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Classifier(classes), training, validation)


if __name__ == "__main__":
    main()
