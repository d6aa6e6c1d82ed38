import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { PICTURE, PREPARED, photograph, preparation } from '../../src/library/preparation.ts';
import { prefixed } from '../../src/onnx/graph-part.ts';
import { mergedModel } from '../../src/onnx/merge.ts';
import { onnxValue } from '../../src/onnx/proto.ts';
import { Session } from '../../src/onnx/session.ts';
import type { NetworkDefinition, Preprocessing } from '../../src/vision/definition.ts';
import { readPixels, sideNeeded } from '../../src/vision/pixels.ts';

const PLAIN = { channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
const SQUASH: Preprocessing = { ...PLAIN, resize: { kind: 'squash' }, size: 60 };
const CROP: Preprocessing = { ...PLAIN, resize: { kind: 'crop', shortSide: 64 }, size: 56 };

/** The graph that prepares a photograph, ready to run. */
function load(preprocessing: Preprocessing, layout: 'NCHW' | 'NHWC' = 'NCHW'): Promise<Session> {
  const network: NetworkDefinition = {
    ...{ file: 'net.onnx', sha256: null, input: { name: 'x', layout }, features: ['y'] },
    ...{ featureSize: 1, maxBatch: 1, preprocessing, l2: null },
  };
  const pieces = mergedModel({
    ...{ name: 'preparation', description: '' },
    inputs: [onnxValue('image', 'uint8', ['height', 'width', 3])],
    outputs: [onnxValue(PREPARED, 'float32', [1, 'a', 'b', 'c'])],
    parts: [
      prefixed(photograph(sideNeeded(preprocessing)), 'photograph/', { image: 'image', [PICTURE]: PICTURE }),
      prefixed(preparation(network), 'network/', { [PICTURE]: PICTURE, [PREPARED]: PREPARED }),
    ],
  });
  return Session.load(Buffer.concat(pieces), { threads: 1 });
}

/** A picture with edges, slopes and grain, uint8 [height,width,3]. */
function picture(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
    const wave = 100 + 90 * Math.sin((9 * x) / width + c) * Math.cos((5 * y) / height);
    const edge = x / width + y / height > 1 ? 40 : 0;
    return Math.max(0, Math.min(255, wave + edge + ((i * 7919) % 23)));
  });
}

/** What the graph and sharp make of the same picture. */
async function both(
  session: Session,
  preprocessing: Preprocessing,
  [width, height]: readonly [number, number],
  layout?: 'NCHW' | 'NHWC',
) {
  const data = picture(width, height);
  const { [PREPARED]: graph } = await session.run({ image: { dims: [height, width, 3], data } });
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return { graph: graph!, own: await readPixels(png, preprocessing, layout) };
}

/** Sizes that shrink, grow, do both or neither, much longer than wide, tiny. */
const SIZES = [
  ...([
    [60, 60],
    [64, 64],
    [90, 70],
    [70, 90],
    [500, 300],
    [300, 500],
    [40, 30],
    [30, 40],
  ] as const),
  ...([
    [90, 40],
    [40, 90],
    [60, 90],
    [60, 30],
    [59, 61],
    [1, 1],
    [2, 3],
    [3, 200],
    [900, 30],
  ] as const),
];

describe.each([
  ['squash', SQUASH],
  ['crop', CROP],
] as const)('%s: the same pixels as sharp gives, but for rounding', (_, preprocessing) => {
  test.each(SIZES)('%i x %i', async (...size) => {
    const session = await load(preprocessing);
    const { graph, own } = await both(session, preprocessing, size);
    await session.release();
    expect(graph.dims).toEqual([1, 3, preprocessing.size, preprocessing.size]);
    const differences = own.map((value, i) => Math.abs(value - graph.data[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(6);
    expect(differences.reduce((a, b) => a + b) / own.length).toBeLessThan(0.4);
  });
});

test('channels, scale, mean, std and layout are those of the network', async () => {
  const preprocessing: Preprocessing = {
    ...{ resize: { kind: 'squash' }, size: 8, channels: 'BGR', scale: 1 / 255 },
    ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  };
  for (const layout of ['NCHW', 'NHWC'] as const) {
    const session = await load(preprocessing, layout);
    const { graph, own } = await both(session, preprocessing, [8, 8], layout);
    await session.release();
    expect(graph.dims).toEqual(layout === 'NCHW' ? [1, 3, 8, 8] : [1, 8, 8, 3]);
    expect([...graph.data]).toEqual([...own].map((value) => expect.closeTo(value, 5)));
  }
});
