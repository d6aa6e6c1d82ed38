"""The step of scripts/bench-train.ts in PyTorch: prints the seconds of each step as JSON."""
import json
import sys
import time

import torch
from torch import nn

threads, steps = int(sys.argv[1]), int(sys.argv[2])
B, T, E, H, V, F = (int(x) for x in sys.argv[3:9])
torch.set_num_threads(threads)
torch.manual_seed(1)


class Captioner(nn.Module):
    """Show and Tell: the image is the first input, then <start> and the words."""

    def __init__(self):
        super().__init__()
        self.image = nn.Linear(F, E)
        self.embedding = nn.Embedding(V, E)
        self.lstm = nn.LSTM(E, H)
        self.output = nn.Linear(H, V)
        self.drop = nn.Dropout(0.5)

    def forward(self, image, words):
        x = torch.cat([self.image(image).unsqueeze(0), self.drop(self.embedding(words))])
        h, _ = self.lstm(x)
        return self.output(self.drop(h[1:].reshape(T * B, H)))


model = Captioner()
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
image = torch.randn(B, F)
words = torch.randint(0, V, (T, B))
targets = torch.randint(0, V, (T * B,))
seconds = []
for _ in range(steps + 2):
    begin = time.perf_counter()
    adam.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(model(image, words), targets).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    adam.step()
    seconds.append(time.perf_counter() - begin)
print(json.dumps({"version": torch.__version__, "seconds": seconds[2:]}))
