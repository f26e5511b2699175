"""The network: PyTorch alone, nothing of Labkart. Try it in a notebook, too."""

from pathlib import Path

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Two convolutions and a linear layer, for images of 8 x 8 pixels."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(8 * channels, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        """One score per image and digit."""
        return self.layers(images.unsqueeze(1))


def save(file: Path, epoch: int, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Write all that the next epoch depends on; whole or not at all, for a kill may come."""
    state = {"epoch": epoch, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
    state |= {"random": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}
    new = file.with_suffix(".new")
    torch.save(state, new)
    new.replace(file)


def restore(file: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Go back to what was saved, if anything was; return how many epochs are done."""
    if not file.exists():
        return 0
    state = torch.load(file, map_location="cpu", weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    return int(state["epoch"])
