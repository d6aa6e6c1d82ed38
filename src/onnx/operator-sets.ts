import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from 'onnx-buf';
import { UserError } from '../errors.ts';
import { type GraphPart, standardDomain } from './graph-part.ts';
import { OPSET } from './proto.ts';

/** Older files are those of 2017, whose sums stretched their operands in another way. */
const OLDEST = 7;

/**
 * The operator set since which an operator, written in the same way, computes the same up to now (ONNX's
 * Changelog.md). Those left out do since the one that our own graphs are written in.
 */
const SAME_SINCE: Readonly<Record<string, number>> = {
  ...sameSince(7, 'Add AveragePool Cast Concat Constant Conv Div Exp Flatten Gather Gemm GlobalAveragePool'),
  ...sameSince(7, 'GlobalMaxPool Identity LRN LeakyRelu Log MatMul Max MaxPool Min Mul Neg PRelu Pow Relu'),
  ...sameSince(7, 'Reshape Shape Sigmoid Sqrt Sub Sum Tanh Transpose'),
  ...sameSince(9, 'BatchNormalization Erf'),
  ...sameSince(
    10,
    'ConvInteger DequantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear Slice',
  ),
  ...sameSince(11, 'Clip DynamicQuantizeLinear Pad'),
  ...sameSince(12, 'Dropout'),
  ...sameSince(13, 'LogSoftmax Softmax Squeeze Unsqueeze'),
  ...sameSince(14, 'HardSwish'),
  ...sameSince(20, 'DFT'),
  ...sameSince(21, 'GroupNormalization'),
};

function sameSince(opset: number, operators: string): Record<string, number> {
  return Object.fromEntries(operators.split(' ').map((operator) => [operator, opset]));
}

/**
 * Parts brought to one version of each operator set, so that they can stand in one graph: the newest that any of
 * them needs.
 * @throws UserError that names an operator which has changed in between
 */
export function reconciled(parts: readonly GraphPart[]): {
  readonly parts: readonly GraphPart[];
  readonly opsets: ReadonlyMap<string, number>;
} {
  const newest = Math.max(Number(OPSET), ...parts.map(({ opsets }) => opsets.get('') ?? 1));
  const opsets = new Map([['', newest]]);
  for (const part of parts) {
    for (const { opType, domain } of part.nodes) addForeign(opsets, part, opType, standardDomain(domain));
  }
  const upgraded = parts.map((part) => {
    const nodes = part.nodes.map((node) => upgrade(node, part, newest));
    return { ...part, opsets, nodes };
  });
  return { parts: upgraded, opsets };
}

/** Operators that aren't ONNX's own are taken as they are, in the version that their file wants. */
function addForeign(opsets: Map<string, number>, part: GraphPart, opType: string, domain: string): void {
  if (domain === '') return;
  const wanted = part.opsets.get(domain);
  if (wanted === undefined) {
    throw new UserError(
      `expected ${part.file} to say which version of ${domain} its operator ${opType} is of but it does not`,
    );
  }
  const taken = opsets.get(domain) ?? wanted;
  if (taken !== wanted) {
    throw new UserError(
      `expected ${part.file} to have operators of ${domain} in version ${taken} but got ${opType} of version ${wanted}`,
    );
  }
  opsets.set(domain, wanted);
}

function upgrade(node: NodeProto, { opsets, file }: GraphPart, newest: number): NodeProto {
  const { opType, domain } = node;
  const opset = opsets.get('') ?? 1;
  if (standardDomain(domain) !== '' || opset === newest) return node;
  if (opset >= OLDEST && opset >= (SAME_SINCE[opType] ?? Number(OPSET))) return node;
  if (opset >= OLDEST && opType === 'Dropout') return inferenceDropout(node);
  throw new UserError(
    `expected ${file} to have operators that operator set ${newest} knows as well but got ${opType} of set ${opset}`,
    { hint: `bring it to set ${newest} with onnx.version_converter.convert_version` },
  );
}

/** Dropout does nothing but in training; the share that it drops was an attribute once and is an input now. */
function inferenceDropout({ name, input: [x], output: [y] }: NodeProto): NodeProto {
  return create(NodeProtoSchema, { opType: 'Identity', name, input: [x!], output: [y!] });
}
