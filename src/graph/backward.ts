import { InternalError } from '../errors.ts';
import { type Expr, type ExprOf, topologicalOrder } from './expr.ts';
import { add, concat, constant, expandLike, matmul, partOf, sum } from './ops.ts';
import { RULES } from './rules.ts';
import { formatShape, sameShape, stretchedAxes } from './shape.ts';

/**
 * Reverse-mode differentiation: the gradients of a scalar `loss` by each expression of `wrt`, as
 * expressions of the same shapes. Over an unrolled recurrent net this is backpropagation through time.
 */
export function gradients(loss: Expr, wrt: readonly Expr[]): Expr[] {
  if (loss.shape.length > 0) {
    throw new InternalError(`gradients: expected a scalar loss but got ${formatShape(loss.shape)}`);
  }
  const order = topologicalOrder([loss]);
  const needed = new Set<Expr>(wrt);
  for (const node of order) if (node.inputs.some((x) => needed.has(x))) needed.add(node);

  /** What each node's users have contributed so far; a node's gradient is the sum. */
  const contributions = new Map<Expr, Expr[]>([[loss, [constant(1)]]]);
  /** Gradients of a split's parts, by index; they are joined when the walk reaches the split. */
  const partGradients = new Map<Expr, (Expr | undefined)[]>();
  const results = new Map<Expr, Expr>();
  const contribute = (x: Expr, g: Expr | undefined) => {
    if (g === undefined || !needed.has(x)) return;
    const list = contributions.get(x);
    const own = unstretch(g, x);
    if (list) list.push(own);
    else contributions.set(x, [own]);
  };

  for (const y of order.reverse()) {
    if (!needed.has(y)) continue;
    if (y.op === 'split') {
      const parts = partGradients.get(y);
      if (parts) contribute(y.inputs[0], joinParts(y, parts));
      continue;
    }
    const list = contributions.get(y);
    if (list === undefined) continue;
    const g = sumOf(list);
    results.set(y, g);
    if (y.op === 'part') {
      const tuple = y.inputs[0];
      const parts = partGradients.get(tuple) ?? [];
      parts[y.attributes.index] = parts[y.attributes.index] ? add(parts[y.attributes.index]!, g) : g;
      partGradients.set(tuple, parts);
      continue;
    }
    const inputGradients = applyRule(y, g);
    y.inputs.forEach((x, i) => {
      contribute(x, inputGradients[i]);
    });
  }

  return wrt.map((x) => {
    const g = results.get(x);
    if (g === undefined) throw new InternalError(`gradients: the loss does not depend on ${describe(x)}`);
    return g;
  });
}

function applyRule(y: Expr, g: Expr): readonly (Expr | undefined)[] {
  // The table pairs each op with its own rule; the compiler can't follow that through a lookup by y.op.
  const rule = RULES[y.op] as ((y: Expr, g: Expr) => readonly (Expr | undefined)[]) | null;
  return rule === null ? [] : rule(y, g);
}

/** The sum over the axes along which broadcasting stretched x: their gradients add up. */
function unstretch(g: Expr, x: Expr): Expr {
  if (sameShape(g.shape, x.shape)) return g;
  const axes = stretchedAxes(x.shape, g.shape);
  const added = g.shape.length - x.shape.length;
  const inner = axes.filter((axis) => axis >= added);
  const kept = inner.length > 0 ? sum(g, inner, true) : g;
  const result = added > 0 ? sum(kept, axes.slice(0, added)) : kept;
  // A constant seed may be smaller than x; stretch it so that every gradient has its node's shape.
  return sameShape(result.shape, x.shape) ? result : expandLike(result, x);
}

/** The gradient of a split's input: its parts' gradients side by side, zeros where no one used a part. */
function joinParts(tuple: ExprOf<'split'>, parts: readonly (Expr | undefined)[]): Expr {
  const { axis, dims } = tuple.attributes;
  const all = dims.map((_, i) => parts[i] ?? expandLike(constant(0), partOf(tuple, i)));
  return concat(all, axis, tuple.shape[axis]);
}

/**
 * Adds contributions up. A weight matrix used at T steps gets T products a_t^T g_t; their sum is one
 * product of the concatenated steps, [a_1; ...; a_T]^T [g_1; ...; g_T], which is far faster than T small ones.
 */
function sumOf(list: readonly Expr[]): Expr {
  const outer = list.filter((g) => g.op === 'matmul' && g.attributes.transposeA && !g.attributes.transposeB);
  if (outer.length < 2) return list.reduce((a, b) => add(a, b));
  const stack = (index: number) =>
    concat(
      outer.map((g) => g.inputs[index]),
      0,
    );
  const joint = matmul(stack(0), stack(1), { transposeA: true });
  return list.filter((g) => !outer.includes(g)).reduce((a, b) => add(a, b), joint);
}

function describe(x: Expr): string {
  return x.op === 'input' ? x.attributes.name : `${x.op} ${formatShape(x.shape)}`;
}
