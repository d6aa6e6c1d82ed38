import type { Cell } from './cell.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import { mrnn } from './mrnn.ts';
import { mut1 } from './mut1.ts';
import { mut2 } from './mut2.ts';
import { mut3 } from './mut3.ts';
import { relu } from './relu.ts';
import { rnn } from './rnn.ts';

/** All cells by their names in options and files: a new one is a file of its own and a line here. */
export const CELL_TABLE = { rnn, relu, lstm, gru, mut1, mut2, mut3, mrnn } as const satisfies Record<
  string,
  Cell
>;

export type CellName = keyof typeof CELL_TABLE;

export const CELLS = Object.keys(CELL_TABLE) as [CellName, ...CellName[]];
