import { type Expr, topologicalOrder } from './expr.ts';
import { formatShape } from './shape.ts';

/** A graph as text, one node a line: `%3 = matmul(x, %2) [B,H]`. Inputs keep their names. */
export function printGraph(outputs: Readonly<Record<string, Expr>>): string {
  const names = new Map<Expr, string>();
  const lines: string[] = [];
  for (const node of topologicalOrder(Object.values(outputs))) {
    if (node.op === 'constant') {
      names.set(node, String(node.attributes.value));
      continue;
    }
    if (node.op === 'input') {
      names.set(node, node.attributes.name);
      const kind = node.attributes.parameter ? 'parameter' : 'input';
      lines.push(`${kind} ${node.attributes.name} ${node.dtype}${formatShape(node.shape)}`);
      continue;
    }
    const name = `%${names.size}`;
    names.set(node, name);
    const args = node.inputs.map((x) => names.get(x) ?? '?');
    const attributes = Object.entries(node.attributes).map(
      ([key, value]) => `${key}=${JSON.stringify(value)}`,
    );
    lines.push(`${name} = ${node.op}(${[...args, ...attributes].join(', ')}) ${formatShape(node.shape)}`);
  }
  for (const [name, node] of Object.entries(outputs)) lines.push(`return ${name} = ${names.get(node)}`);
  return lines.join('\n');
}
