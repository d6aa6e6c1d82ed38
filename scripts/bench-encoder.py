"""torchvision's vgg16 up to fc7 for scripts/bench-encoder.ts: prints its figures as JSON."""
import json
import resource
import statistics
import sys
import time

import torch
import torchvision

torch.set_num_threads(int(sys.argv[1]))
begin = time.perf_counter()
model = torchvision.models.vgg16(weights=None).eval()
load = time.perf_counter() - begin


def fc7(images):
    x = model.avgpool(model.features(images)).flatten(1)
    return model.classifier[:5](x)


def milliseconds(count, repeats):
    images = torch.randn(count, 3, 224, 224)
    times = []
    with torch.no_grad():
        fc7(images)
        for _ in range(repeats):
            start = time.perf_counter()
            fc7(images)
            times.append(1000 * (time.perf_counter() - start) / count)
    return statistics.median(times)


batch1, batch8 = milliseconds(1, 20), milliseconds(8, 4)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"loadSeconds": load, "peakMegabytes": peak, "batch1": batch1, "batch8": batch8}))
