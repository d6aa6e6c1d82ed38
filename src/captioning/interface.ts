import type { Graph } from '../decoder/graphs.ts';
import { UserError } from '../errors.ts';
import { topologicalOrder } from '../graph/expr.ts';
import type { Session, TensorInfo } from '../onnx/session.ts';

/**
 * Throws a UserError unless a session takes and gives what `graph` does with its weights inside: the same
 * names, types and widths. `file` is for the message.
 */
export function expectInterface(session: Session, graph: Graph, file: string): void {
  const inputs = topologicalOrder(Object.values(graph)).flatMap((node) =>
    node.op === 'input' && !node.attributes.parameter
      ? [{ name: node.attributes.name, type: node.dtype, dims: node.shape }]
      : [],
  );
  const outputs = Object.entries(graph).map(([name, { dtype, shape }]) => ({
    name,
    type: dtype,
    dims: shape,
  }));
  for (const [kind, wanted, got] of [
    ['input', inputs, session.inputs],
    ['output', outputs, session.outputs],
  ] as const) {
    for (const name of new Set([...wanted, ...got].map((tensor) => tensor.name))) {
      const [expected, found] = [wanted, got].map((list) => list.find((tensor) => tensor.name === name));
      if (expected && found && fits(expected, found)) continue;
      throw new UserError(
        `${file} doesn't fit model.json: expected ${said(kind, name, expected)} but got ${said(kind, name, found)}`,
        { hint: 'weights and model.json belong together: restore the whole folder from one copy' },
      );
    }
  }
}

/** A symbolic dimension may have any name, but a number would fix the batch. */
function fits(expected: TensorInfo, found: TensorInfo): boolean {
  return (
    expected.type === found.type &&
    expected.dims.length === found.dims.length &&
    expected.dims.every((dim, i) =>
      typeof dim === 'number' ? dim === found.dims[i] : typeof found.dims[i] === 'string',
    )
  );
}

function said(kind: string, name: string, tensor: TensorInfo | undefined): string {
  return tensor ? `${kind} ${name} ${tensor.type} [${tensor.dims.join(',')}]` : `no ${kind} ${name}`;
}
