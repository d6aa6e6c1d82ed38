import { describe, it } from 'vitest';
import { efficientnetLite4 } from '../../scripts/encoders/efficientnet-lite4.ts';
import { readTflite } from '../../scripts/encoders/tflite.ts';
import { add, average, expectOutputs, noise, picture, slide, sum } from '../helpers/reference-network.ts';
import { byte, INT8, INT32, tfliteFile, UINT8 } from '../helpers/tflite-file.ts';

describe('a TensorFlow Lite network', () => {
  it('computes the same as its operators one after the other', async () => {
    const random = noise(2);
    const int8s = (length: number) => Int8Array.from(random(length), (value) => Math.round(127 * value));
    const int32s = (length: number) => Int32Array.from(random(length), (value) => Math.round(50 * value));
    const convKernel = { values: int8s(4 * 3 * 3 * 3), scales: [0.01, 0.02, 0.03, 0.04] };
    const convBias = { values: int32s(4), scales: [0.1, 0.2, 0.1, 0.2] };
    const depthKernel = { values: int8s(3 * 3 * 4), scales: [0.01, 0.005, 0.01, 0.02] };
    const depthBias = { values: int32s(4), scales: [0.01, 0.02, 0.01, 0.02] };
    const matrix = { values: int8s(2 * 4), scales: [0.01] };
    const matrixBias = { values: int32s(2), scales: [0.01] };
    const file = tfliteFile(
      [
        { shape: [1, 6, 6, 3], type: UINT8 }, // 0: the image
        { shape: [1, 6, 6, 3], type: INT8 },
        { shape: [4, 3, 3, 3], type: INT8, ...convKernel, axis: 0 }, // 2
        { shape: [4], type: INT32, ...convBias },
        { shape: [1, 3, 3, 4], type: INT8 }, // 4
        { shape: [1, 3, 3, 4], type: INT8, ...depthKernel, axis: 3 },
        { shape: [4], type: INT32, ...depthBias }, // 6
        { shape: [1, 3, 3, 4], type: INT8 },
        { shape: [1, 3, 3, 4], type: INT8 }, // 8
        { shape: [1, 1, 1, 4], type: INT8 },
        { shape: [1, 4], type: INT8 }, // 10
        { shape: [2, 4], type: INT8, ...matrix },
        { shape: [2], type: INT32, ...matrixBias }, // 12
        { shape: [1, 2], type: INT8 },
      ],
      [
        { code: 114, inputs: [0], output: 1 },
        // Padding SAME is the default and not written; strides of 2 by 2; ReLU6.
        { code: 3, inputs: [1, 2, 3], output: 4, options: [null, 2, 2, byte(3)] },
        { code: 4, inputs: [4, 5, 6], output: 7, options: [null, 1, 1, 1, byte(3)] },
        { code: 0, inputs: [7, 4], output: 8, options: [byte(1)] },
        { code: 1, inputs: [8], output: 9, options: [byte(1), 1, 1, 3, 3] },
        { code: 22, inputs: [9], output: 10 },
        { code: 9, inputs: [10, 11, 12], output: 13, options: [] },
      ],
    );
    const relu6 = (value: number) => Math.min(6, Math.max(0, value));
    const pixels = random(6 * 6 * 3);
    const image = picture([6, 6, 3], (y, x, c) => 2 * pixels[(y * 6 + x) * 3 + c]!);
    // 6 pixels, kernel 3, stride 2, SAME: one zero after, none before.
    const first = slide(image, 3, 4, 2, 0, (pixel, c) => {
      const terms = sum(
        3,
        3,
        (dy, dx, i) => pixel(dy, dx, i) * convKernel.values[((c * 3 + dy) * 3 + dx) * 3 + i]!,
      );
      return relu6(terms * convKernel.scales[c]! + convBias.values[c]! * convBias.scales[c]!);
    });
    const second = slide(first, 3, 4, 1, 1, (pixel, c) => {
      const terms = sum(3, 1, (dy, dx) => pixel(dy, dx, c) * depthKernel.values[(dy * 3 + dx) * 4 + c]!);
      return relu6(terms * depthKernel.scales[c]! + depthBias.values[c]! * depthBias.scales[c]!);
    });
    const pool = average(add(second, first));
    const logits = [0, 1].map(
      (c) =>
        0.01 *
        (pool.reduce((total, v, i) => total + v * matrix.values[c * 4 + i]!, 0) + matrixBias.values[c]!),
    );
    await expectOutputs(efficientnetLite4(readTflite(file, 'tiny.tflite')), image, pool, logits);
  });
});
