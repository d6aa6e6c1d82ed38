import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/backward.ts';
import { type Expr, type OpName, topologicalOrder } from '../../src/graph/expr.ts';
import {
  add,
  concat,
  crossEntropy,
  div,
  exp,
  firstRows,
  gather,
  input,
  log,
  logSoftmax,
  matmul,
  mul,
  sigmoid,
  softmax,
  split,
  sqrt,
  sub,
  sum,
  tanh,
} from '../../src/graph/ops.ts';
import { RULES } from '../../src/graph/rules.ts';
import { checkGradients, worstPartial } from '../helpers/gradient-check.ts';
import { evaluate } from '../helpers/interpreter.ts';
import { ids, numbers, OP_CASES, type OpCase, opCase, rows } from '../helpers/op-cases.ts';

/** Operations through which no gradient flows by a rule of their own. */
const NO_RULE: Partial<Record<OpName, string>> = {
  input: 'a leaf',
  constant: 'a leaf',
  positive: 'constant wherever it has a derivative',
  split: 'the walk joins the gradients of the parts',
  part: 'the walk joins the gradients of the parts',
  sizes: 'whole numbers',
  zeroRows: 'constant',
  toFloat: 'of a mask, which is no number to differentiate by',
};

const OPS = Object.keys(RULES) as OpName[];

/** A scalar in which every element of y has its own random weight, so no error can cancel out. */
function weighted({ y, inputs }: OpCase): { loss: Expr; inputs: OpCase['inputs'] } {
  const { dims } = evaluate({ y }, inputs).y;
  return { loss: sum(mul(y, input('seed', y.shape))), inputs: { ...inputs, seed: numbers(dims) } };
}

describe('gradient rules against finite differences', () => {
  test('every operation without a rule has a reason', () => {
    expect(OPS.filter((op) => RULES[op] === null).sort()).toEqual(Object.keys(NO_RULE).sort());
  });

  for (const op of OPS) {
    test(op, () => {
      const cases = OP_CASES[op];
      expect(cases.length).toBeGreaterThan(0);
      for (const one of cases) {
        const nodes = topologicalOrder([one.y]).map((node) => node.op);
        expect(nodes, `${op}: ${one.what}`).toContain(op);
        const { loss, inputs } = weighted(one);
        expect(() => checkGradients(loss, inputs), `${op}: ${one.what}`).not.toThrow();
      }
    });
  }
});

/** The gradients of a random combination of the gradients of y by all its float inputs. */
function checkSecondDerivatives(one: OpCase): void {
  const { loss, inputs } = weighted(one);
  const leaves = topologicalOrder([one.y]).filter((x) => x.op === 'input' && x.dtype === 'float32');
  const extra: Record<string, ReturnType<typeof numbers>> = {};
  const terms = gradients(loss, leaves).map((g, i) => {
    extra[`direction${i}`] = numbers(g.shape.map(Number));
    return sum(mul(g, input(`direction${i}`, g.shape)));
  });
  checkGradients(terms.reduce(add), { ...inputs, ...extra });
}

describe('second derivatives against finite differences', () => {
  const composites: OpCase[] = [
    opCase(
      'cross-entropy of a product',
      { x: numbers([2, 3]), w: numbers([3, 4]), t: ids([3, 0]) },
      (x, w, t) => crossEntropy(matmul(x, w), t),
    ),
    opCase('a gated step', { x: numbers([2, 3]), w: numbers([3, 4]) }, (x, w) => {
      const [gate, candidate] = split(matmul(x, w), 1, [2, 2]);
      return mul(sigmoid(gate), tanh(candidate));
    }),
    opCase('an unrolled net', { x: numbers([2, 3]), w: numbers([3, 3]), b: numbers([3]) }, (x, w, b) =>
      tanh(add(matmul(tanh(add(matmul(x, w), b)), w), b)),
    ),
    opCase('elementary functions', { x: numbers([3]), z: numbers([2, 1]) }, (x, z) =>
      div(exp(sub(x, z)), sqrt(add(log(add(mul(x, x), 2)), mul(z, z)))),
    ),
    opCase('softmax and log-softmax', { x: numbers([2, 3]) }, (x) => mul(softmax(x), logSoftmax(x))),
    opCase('rows', { table: numbers([4, 2]), t: ids([1, 1, 3]), like: rows(2) }, (table, t, like) => {
      const chosen = gather(table, t);
      const both = concat([firstRows(chosen, like), chosen], 0);
      return mul(both, tanh(both));
    }),
  ];
  for (const one of composites) test(one.what, () => checkSecondDerivatives(one));
});

describe('the checker catches wrong derivatives', () => {
  type Rule = (y: Expr, g: Expr) => readonly (Expr | undefined)[];
  const table = RULES as { [Op in OpName]: unknown };

  /** Runs `body` while an operation's gradient by one of its inputs is 1 % too large. */
  function withPlanted(op: OpName, argument: number, body: () => void): void {
    const right = table[op] as Rule;
    table[op] = (y: Expr, g: Expr) => right(y, g).map((x, i) => (x && i === argument ? mul(1.01, x) : x));
    try {
      body();
    } finally {
      table[op] = right;
    }
  }

  test('a planted one is reported with its place and both values', () => {
    const { loss, inputs } = weighted(OP_CASES.tanh[0]);
    withPlanted('tanh', 0, () => {
      expect(() => checkGradients(loss, inputs)).toThrow(
        /^wrong derivative by x\[\d+\]: -?[\d.e-]+ but finite differences give -?[\d.e-]+ \(error 9\.9e-3\)$/,
      );
      const worst = worstPartial(loss, inputs);
      expect(worst.analytic / worst.numeric).toBeCloseTo(1.01, 6);
    });
    expect(() => checkGradients(loss, inputs)).not.toThrow();
  });

  test('a missing factor, a wrong sign and a gradient that is no number', () => {
    const x = input('x', [3]);
    const inputs = { x: numbers([3]) };
    const right = table.exp;
    const wrongRules: Rule[] = [(_, g) => [g], (y, g) => [mul(-1, mul(g, y))], (_, g) => [div(g, sub(g, g))]];
    try {
      for (const rule of wrongRules) {
        table.exp = rule;
        expect(() => checkGradients(sum(exp(x)), inputs)).toThrow(/wrong derivative by x/);
      }
    } finally {
      table.exp = right;
    }
  });

  for (const op of OPS.filter((name) => !(name in NO_RULE))) {
    test(`in ${op}, by each of its arguments`, () => {
      const { length } = OP_CASES[op][0].y.inputs;
      let caught = 0;
      for (let argument = 0; argument < length; argument++) {
        withPlanted(op, argument, () => {
          const failed = OP_CASES[op].filter((one) => {
            const { loss, inputs } = weighted(one);
            return worstPartial(loss, inputs).error > 1e-3;
          });
          if (failed.length > 0) caught++;
        });
      }
      const node = topologicalOrder([OP_CASES[op][0].y]).find((x) => x.op === op)!;
      const rule = table[op] as Rule;
      const flows = rule(node, input('g', node.shape)).filter((g) => g !== undefined).length;
      expect(flows).toBeGreaterThan(0);
      expect(caught).toBe(flows);
    });
  }
});
