/**
 * VGG16 at full size to fc7: time to load, memory, and milliseconds an image, against torchvision's vgg16 in the
 * same run. The weights are random, the layers those of the ONNX Model Zoo's vgg16-7.onnx (553 MB).
 *
 *     npx tsx scripts/bench-encoder.ts [--rounds 3] [--work <folder>]
 *
 * Debian's PyTorch: apt-get install python3-torchvision libopenblas0-pthread
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onnxModel, onnxNode, onnxTensor, onnxValue } from '../src/onnx/proto.ts';
import { Random } from '../src/random.ts';
import { Encoder } from '../src/vision/encoder.ts';
import { encoderDefinition } from '../src/vision/encoders.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    work: { type: 'string', default: join(tmpdir(), 'caption-bench-encoder') },
    measure: { type: 'string' },
  },
});
/** What one process measured. */
interface Figures {
  readonly loadSeconds: number;
  readonly peakMegabytes: number;
  /** Milliseconds an image, by the number of images at a time. */
  readonly batch1: number;
  readonly batch8: number;
}

if (values.measure !== undefined) {
  console.log(JSON.stringify(await measure(values.measure)));
} else {
  compare();
}

/** Both in turn, each in a process of its own. */
function compare(): void {
  const file = join(values.work, 'vgg16-random.onnx');
  if (!existsSync(file)) {
    mkdirSync(values.work, { recursive: true });
    writeFileSync(file, vgg16());
  }
  console.log(`${cpus()[0]!.model.trim()}, ${availableParallelism()} cores, Node ${process.version}`);
  console.log(`VGG16 to fc7, ${(statSync(file).size / 1e6).toFixed(0)} MB of random weights\n`);
  const ours: Figures[] = [];
  const theirs: Figures[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(run(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), '--measure', file]));
    const script = fileURLToPath(new URL('bench-encoder.py', import.meta.url));
    const threads = [...new Set([1, availableParallelism()])];
    const best = threads
      .map((n) => run('/usr/bin/python3', [script, String(n)]))
      .sort((a, b) => a.batch1 - b.batch1)[0]!;
    theirs.push(best);
  }
  tell('onnxruntime-node', ours);
  tell('PyTorch', theirs);
  for (const batch of ['batch1', 'batch8'] as const) {
    const ratios = ours.map((figures, i) => theirs[i]![batch] / figures[batch]);
    console.log(
      `${batch}: ${median(ratios).toFixed(2)} times as fast as PyTorch (${ratios.map((r) => r.toFixed(2)).join(', ')})`,
    );
  }
}

function run(command: string, args: readonly string[]): Figures {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function tell(name: string, figures: readonly Figures[]): void {
  const of = (key: keyof Figures) => median(figures.map((figure) => figure[key]));
  console.log(
    `${name.padEnd(17)} loads in ${of('loadSeconds').toFixed(2)} s, peak ${of('peakMegabytes').toFixed(0)} MB; ` +
      `${of('batch1').toFixed(1)} ms an image one by one, ${of('batch8').toFixed(1)} ms eight at a time`,
  );
}

/** As the command encodes photographs with a network of this size: one session, all cores. */
async function measure(file: string): Promise<Figures> {
  const begin = performance.now();
  const encoder = await Encoder.load(encoderDefinition('vgg16'), [file]);
  const loadSeconds = (performance.now() - begin) / 1000;
  const random = new Random(1);
  const image = () => [Float32Array.from({ length: 3 * 224 * 224 }, () => random.normal())];
  const images = Array.from({ length: 8 }, image);
  const time = async (count: number, repeats: number) => {
    await encoder.encodePrepared(images.slice(0, count));
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      await encoder.encodePrepared(images.slice(0, count));
      times.push((performance.now() - start) / count);
    }
    return median(times);
  };
  const figures = { batch1: await time(1, 20), batch8: await time(8, 4) };
  await encoder.release();
  return { loadSeconds, peakMegabytes: process.resourceUsage().maxRSS / 1024, ...figures };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** VGG16 (Simonyan & Zisserman 2015, configuration D) with the zoo's tensor names, its batch of 1 and its logits. */
function vgg16(): Uint8Array {
  const random = new Random(16);
  const nodes: ReturnType<typeof onnxNode>[] = [];
  const initializers: ReturnType<typeof onnxTensor>[] = [];
  const weight = (name: string, dims: readonly number[], fanIn: number) => {
    const scale = 2 * Math.sqrt(6 / fanIn);
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = (random.next() - 0.5) * scale;
    initializers.push(onnxTensor(name, dims, data));
    return name;
  };
  const add = (op: string, inputs: string[], output: string, attributes = {}) => {
    nodes.push(onnxNode(op, inputs, [output], attributes));
    return output;
  };
  let x = 'data';
  let channels = 3;
  let layer = 0;
  for (const [block, [width, depth]] of [
    [64, 2],
    [128, 2],
    [256, 3],
    [512, 3],
    [512, 3],
  ].entries()) {
    for (let i = 0; i < depth!; i++, layer++) {
      const name = `vgg0_conv${layer}`;
      const inputs = [
        x,
        weight(`${name}_weight`, [width!, channels, 3, 3], channels * 9),
        weight(`${name}_bias`, [width!], 600),
      ];
      x = add('Conv', inputs, `${name}_fwd`, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      x = add('Relu', [x], `vgg0_relu${layer}_fwd`);
      channels = width!;
    }
    x = add('MaxPool', [x], `vgg0_pool${block}_fwd`, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = add('Flatten', [x], 'flatten_60');
  let size = 512 * 7 * 7;
  for (const [i, width] of [4096, 4096, 1000].entries()) {
    const name = `vgg0_dense${i}`;
    const inputs = [x, weight(`${name}_weight`, [width, size], size), weight(`${name}_bias`, [width], 600)];
    x = add('Gemm', inputs, `${name}_fwd`, { transB: 1 });
    if (i === 2) break;
    x = add('Relu', [x], `${name}_relu_fwd`);
    x = add('Flatten', [x], `flatten_${65 + 5 * i}`);
    size = width;
  }
  return onnxModel({
    name: 'vgg16',
    nodes,
    initializers,
    inputs: [onnxValue('data', 'float32', [1, 3, 224, 224])],
    outputs: [onnxValue(x, 'float32', [1, 1000])],
  });
}
