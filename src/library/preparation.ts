import { NodeWriter } from '../onnx/emitters.ts';
import { type GraphPart, writtenPart } from '../onnx/graph-part.ts';
import { onnxNode, onnxTensor } from '../onnx/proto.ts';
import type { NetworkDefinition, Preprocessing } from '../vision/definition.ts';

// What vision/pixels.ts does with sharp, as ONNX operators. Tensors here are [1,3,height,width].
const SIDES = [2, 3];

/** As many times longer than wide as a picture may be; of a longer one a crop sees the middle only. */
const STRIP = 100;

/** What `photograph` gives and every `preparation` takes. */
export const PICTURE = 'picture';

/**
 * From `image`, uint8 [height,width,3], RGB, of any size, to `picture`, uint8 [1,3,h,w]: no larger than the networks
 * have a use for, as `decodeImage` brings it down. `enough` is the short side, in pixels, that the networks see.
 */
export function photograph(enough: number): GraphPart {
  const writer = new NodeWriter();
  const { min } = arithmetic(writer);
  const image = writer.op('Unsqueeze', [
    writer.op('Transpose', ['image'], { perm: [2, 0, 1] }),
    writer.ints(0),
  ]);
  const sides = sidesOf(writer, image);
  const short = shortOf(writer, sides);
  const target = proportional(writer, sides, min(short, writer.ints(2 * enough)), short);
  writer.nodes.push(onnxNode('Identity', [shrunk(writer, image, target)], [PICTURE]));
  return writtenPart(writer);
}

/** The network's input, as `preparation` calls it. */
export const PREPARED = 'prepared';

/**
 * From `picture` to what a network takes: `prepared`, float32 [1,3,size,size], or [1,size,size,3] where the channels
 * come last.
 */
export function preparation({ preprocessing, input: { layout } }: NetworkDefinition): GraphPart {
  const { size, channels, scale, mean, std } = preprocessing;
  const writer = new NodeWriter();
  const { sub, mul, div } = arithmetic(writer);
  const rgb = pictureSeen(writer, preprocessing);
  const ordered = channels === 'RGB' ? rgb : writer.op('Gather', [rgb, writer.ints(2, 1, 0)], { axis: 1 });
  const perChannel = (name: string, values: readonly number[]) => {
    writer.constants.push(onnxTensor(name, [3, 1, 1], Float32Array.from(values)));
    return name;
  };
  const scaled = mul(ordered, writer.scalar(scale));
  const normal = div(sub(scaled, perChannel('mean', mean)), perChannel('std', std));
  // The network is planned for a size that is known.
  const sized = writer.op('Reshape', [normal, writer.ints(1, 3, size, size)]);
  const perm = layout === 'NCHW' ? [0, 1, 2, 3] : [0, 2, 3, 1];
  writer.nodes.push(onnxNode('Transpose', [sized], [PREPARED], { perm }));
  return writtenPart(writer);
}

/** The square of the picture that the network sees, whole float32 values from 0 to 255: `resize` in vision/pixels.ts. */
function pictureSeen(writer: NodeWriter, { resize, size }: Preprocessing): string {
  const { min, mul } = arithmetic(writer);
  if (resize.kind === 'squash') return resized(writer, PICTURE, writer.ints(size, size), size);
  const sides = sidesOf(writer, PICTURE);
  const short = shortOf(writer, sides);
  const middle = min(sides, mul(short, writer.ints(STRIP)));
  const notTooLong = writer.op('CenterCropPad', [PICTURE, middle], { axes: SIDES });
  const target = proportional(writer, middle, writer.ints(resize.shortSide), short);
  return resized(writer, notTooLong, target, size);
}

/** Height and width, int64 [2]. */
function sidesOf(writer: NodeWriter, image: string): string {
  return writer.op('Shape', [image], { start: 2 });
}

/** The shorter of the two, int64 [1]. */
function shortOf(writer: NodeWriter, sides: string): string {
  return writer.op('ReduceMin', [sides], { keepdims: 1 });
}

/** round(sides * part / whole), in whole numbers: (2 * sides * part + whole) / (2 * whole). */
function proportional(writer: NodeWriter, sides: string, part: string, whole: string): string {
  const { add, mul, div } = arithmetic(writer);
  const two = writer.ints(2);
  return div(add(mul(mul(two, sides), part), whole), mul(two, whole));
}

/**
 * The middle size x size pixels of the picture at another size, as libvips (which sharp is made of) computes it: what
 * is too long shrinks first, then what is too short grows.
 * @param target height and width of the whole, int64 [2]
 */
function resized(writer: NodeWriter, image: string, target: string, size: number): string {
  const { min } = arithmetic(writer);
  return enlarged(writer, shrunk(writer, image, min(sidesOf(writer, image), target)), target, size);
}

/** Cubic and antialiased; rows before columns, as values are rounded in between. */
function shrunk(writer: NodeWriter, image: string, target: string): string {
  const [height, width] = heightAndWidth(writer, target);
  const cubic = { mode: 'cubic', cubic_coeff_a: { float: -0.5 }, antialias: 1 };
  const low = writer.op('Resize', [image, '', '', height], { ...cubic, axes: [2] });
  return writer.op('Resize', [low, '', '', width], { ...cubic, axes: [3] });
}

/** As matrix products: ONNX's Resize has no such grid (see `cubicWeights`). */
function enlarged(writer: NodeWriter, image: string, target: string, size: number): string {
  const sides = sidesOf(writer, image);
  const growing = writer.op('Cast', [writer.op('Less', [sides, target])], { to: FLOAT });
  const grows = writer.op('ReduceMax', [growing], { keepdims: 1 });
  const [height, width] = heightAndWidth(writer, sides);
  const [targetHeight, targetWidth] = heightAndWidth(writer, target);
  const rows = cubicWeights(writer, height, targetHeight, grows, size);
  const columns = cubicWeights(writer, width, targetWidth, grows, size);
  const margin = [writer.ints(MARGIN, MARGIN, MARGIN, MARGIN), '', writer.ints(...SIDES)];
  const framed = writer.op('Pad', [image, ...margin], { mode: 'edge' });
  const values = writer.op('Cast', [framed], { to: FLOAT });
  const across = writer.op('MatMul', [values, writer.op('Transpose', [columns], { perm: [1, 0] })]);
  const both = rounded(writer, writer.op('MatMul', [rows, rounded(writer, across)]));
  return writer.op('Clip', [both, writer.scalar(0), writer.scalar(255)]);
}

/** Pixels beyond each border that the cubic curve can reach: the last one, repeated. */
const MARGIN = 2;

/**
 * What each of the middle `size` output pixels takes from each input pixel, [size, side + 2 * MARGIN]. Where anything
 * grows, libvips takes output pixel i from i * side / target - 1/2 of the input, half an output pixel before the place
 * that makes the middles meet; and it rounds places to 1/64.
 * @param grows 1 or 0
 */
function cubicWeights(writer: NodeWriter, side: string, target: string, grows: string, size: number): string {
  const { add, sub, mul, div } = arithmetic(writer);
  const [one, two] = [writer.scalar(1), writer.scalar(2)];
  const float = (x: string) => writer.op('Cast', [x], { to: FLOAT });
  const range = (from: string, to: string) => {
    const ends = [from, to, writer.ints(1)].map((x) => writer.op('Squeeze', [x]));
    return float(writer.op('Range', ends));
  };
  const from = div(sub(target, writer.ints(size)), writer.ints(2));
  const pixels = range(from, add(from, writer.ints(size)));
  const place = sub(mul(pixels, div(float(side), float(target))), div(grows, two));
  const fine = writer.scalar(64);
  const place64 = div(rounded(writer, mul(place, fine)), fine);
  const inputs = range(writer.ints(-MARGIN), add(side, writer.ints(MARGIN)));
  const distance = writer.op('Abs', [sub(writer.op('Unsqueeze', [place64, writer.ints(1)]), inputs)]);
  // Catmull and Rom: 3/2 d^3 - 5/2 d^2 + 1 up to 1, then -1/2 d^3 + 5/2 d^2 - 4 d + 2 up to 2.
  const polynomial = (...coefficients: readonly number[]) =>
    coefficients.map(writer.scalar, writer).reduce((sum, c) => add(mul(sum, distance), c));
  const far = writer.op('Where', [
    writer.op('Less', [distance, two]),
    polynomial(-0.5, 2.5, -4, 2),
    writer.scalar(0),
  ]);
  return writer.op('Where', [writer.op('Less', [distance, one]), polynomial(1.5, -2.5, 0, 1), far]);
}

/** Halves go up, as in libvips; ONNX's Round would bring them to the even number. */
function rounded(writer: NodeWriter, x: string): string {
  return writer.op('Floor', [writer.op('Add', [x, writer.scalar(0.5)])]);
}

function heightAndWidth(writer: NodeWriter, sides: string): readonly [height: string, width: string] {
  const [height, width] = writer.tuple('Split', [sides, writer.ints(1, 1)], 2, { axis: 0 });
  return [height!, width!];
}

function arithmetic(writer: NodeWriter) {
  const binary = (operator: string) => (x: string, y: string) => writer.op(operator, [x, y]);
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    min: binary('Min'),
  };
}

/** ONNX's number of the element type float32. */
const FLOAT = 1;
