"""Stage 2: from images to a trained network."""

import torch
from gokart import TaskInstanceParameter
from labkart import Task
from luigi import FloatParameter, IntParameter
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from .digits import LoadDigits
from .network import Network, restore, save


class TrainNetwork(Task[Network]):
    """Train a network, on a graphics card if there is one; once stopped, go on where it was."""

    resources = {"gpu": 1}

    digits: TaskInstanceParameter[LoadDigits] = TaskInstanceParameter(expected_type=LoadDigits)
    epochs: IntParameter = IntParameter()
    channels: IntParameter = IntParameter()
    dropout: FloatParameter = FloatParameter()
    rate: FloatParameter = FloatParameter()
    batch: IntParameter = IntParameter()
    loaders: IntParameter = IntParameter(significant=False)
    seed: IntParameter = IntParameter()  # before run(), PyTorch has been seeded with it

    def run(self) -> None:
        digits = self.load(self.digits)
        data = TensorDataset(torch.as_tensor(digits.x_train), torch.as_tensor(digits.y_train))
        loader = DataLoader(data, self.batch, shuffle=True, num_workers=self.loaders)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        network = Network(self.channels, self.dropout).to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.rate)

        checkpoint = self.checkpoint_dir / "state.pt"
        for epoch in range(restore(checkpoint, network, optimizer) + 1, self.epochs + 1):
            loss, right = 0.0, 0
            for images, labels in loader:
                images, labels = images.to(device), labels.to(device)
                scores = network(images)
                batch_loss = nn.functional.cross_entropy(scores, labels)
                optimizer.zero_grad()
                batch_loss.backward()
                optimizer.step()
                loss += batch_loss.item() * len(labels)
                right += int((scores.argmax(dim=1) == labels).sum())
            save(checkpoint, epoch, network, optimizer)
            self.log_metric("train_loss", loss / len(data), step=epoch)
            self.report(right / len(data), step=epoch)
        self.dump(network.cpu().eval())
