"""The loop of the tutorials: ImageFolder, PIL transforms, DataLoader with 2 workers, Adam, validation each epoch.

After https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html, with its sizes scaled to the resolution.
"""

import time

from tests.benchmarks.peers.contestant import Contestant

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKERS = 2


def loaders(folder: str, resolution: int, batch_size: int):
    """Training and validation DataLoader of `<folder>/<split>/<class>/<photo>`, and the number of classes."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    finish = (transforms.ToTensor(), transforms.Normalize(MEAN, STD))
    augment = (transforms.RandomResizedCrop(resolution), transforms.RandomHorizontalFlip())
    centre = (transforms.Resize(resolution * 256 // 224), transforms.CenterCrop(resolution))
    training = datasets.ImageFolder(f"{folder}/train", transforms.Compose([*augment, *finish]))
    validation = datasets.ImageFolder(f"{folder}/valid", transforms.Compose([*centre, *finish]))
    return (
        DataLoader(training, batch_size, shuffle=True, num_workers=WORKERS),
        DataLoader(validation, batch_size, num_workers=WORKERS),
        len(training.classes),
    )


def main() -> None:
    """Train for `epochs`, everything or, with `frozen`, the head alone."""
    contestant = Contestant()
    settings = contestant.settings
    import torch
    from torch import nn

    from tests.benchmarks.peers.network import mobilenet_v2

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training, validation, classes = loaders(settings.folder, settings.resolution, settings.batch_size)
    network = mobilenet_v2(classes, settings.weights)
    if settings.frozen:
        for parameter in network.features.parameters():
            parameter.requires_grad = False
    network = network.to(device)
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=settings.learning_rate)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(settings.epochs):
        if epoch:
            contestant.hand_over()
        began = time.monotonic()
        network.train()
        loss_sum, right = 0.0, 0
        for pictures, labels in training:
            pictures, labels = pictures.to(device), labels.to(device)
            optimizer.zero_grad()
            scores = network(pictures)
            loss = criterion(scores, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(labels)
            right += (scores.argmax(1) == labels).sum().item()
        trained = time.monotonic()
        network.eval()
        right = 0
        with torch.no_grad():
            for pictures, labels in validation:
                right += (network(pictures.to(device)).argmax(1) == labels.to(device)).sum().item()
        contestant.report(
            train_seconds=trained - began,
            eval_seconds=time.monotonic() - trained,
            val_accuracy=right / len(validation.dataset),
        )


if __name__ == "__main__":
    main()
