import { UserError } from '../errors.ts';
import { CELLS, type CellName } from './cells/table.ts';

/**
 * Where the image enters (the first four: Tanti et al. 2018, "Where to put the image in an image caption
 * generator"): `par` W_ih v at every step (the lectures' formula), `init` as the initial state, `pre` as the first
 * input (Show and Tell), `merge` beside the recurrent net's output, `first` W_ih v at the first step only (Karpathy
 * & Fei-Fei 2015), `factored` at every step of the last layer (LRCN), `multimodal` in a layer that joins it with the
 * recurrent net's output and the word (m-RNN).
 */
export const MODES = ['par', 'init', 'pre', 'merge', 'first', 'factored', 'multimodal'] as const;
export type Mode = (typeof MODES)[number];

/** Everything that fixes the shapes and equations of a decoder. */
export interface DecoderConfig {
  readonly cell: CellName;
  readonly mode: Mode;
  readonly layers: number;
  /** E */
  readonly embeddingSize: number;
  /** H */
  readonly hiddenSize: number;
  /** F */
  readonly featureSize: number;
  /** V */
  readonly vocabularySize: number;
  /** Whether layers above the first may let their input pass (Srivastava, Greff & Schmidhuber 2015). */
  readonly highway?: boolean | undefined;
  /** Whether the state before the first word is learnt, where the image doesn't make it; zeros otherwise. */
  readonly learnedState?: boolean | undefined;
}

/** A decoder before it is known what it reads and writes. */
export type DecoderShape = Omit<DecoderConfig, 'featureSize' | 'vocabularySize'>;

/** Shares of units that training switches off, each in [0, 1). */
export interface Dropout {
  readonly image: number;
  readonly embedding: number;
  readonly output: number;
}

/** Checks sizes and names that came from a file or an option; the error names the field. */
export function checkDecoderConfig(config: DecoderConfig, where: string): DecoderConfig {
  const expectOneOf = (field: string, value: string, known: readonly string[]) => {
    if (!known.includes(value)) {
      throw new UserError(`${where}: expected ${field} to be one of ${known.join(', ')} but got ${value}`);
    }
  };
  expectOneOf('cell', config.cell, CELLS);
  expectOneOf('mode', config.mode, MODES);
  for (const field of ['layers', 'embeddingSize', 'hiddenSize', 'featureSize', 'vocabularySize'] as const) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw new UserError(
        `${where}: expected ${field} to be a positive whole number but got ${config[field]}`,
      );
    }
  }
  checkDecoderParts(config, where);
  return config;
}

/** Checks that a decoder's parts go together. */
export function checkDecoderParts(
  { highway, layers, learnedState, mode }: DecoderShape,
  where: string,
): void {
  if (mode === 'factored' && layers === 1) {
    throw new UserError(`${where}: expected factored with 2 layers or more but got 1`, {
      hint: 'the first layer reads words, the last one the image; with one layer that is par',
    });
  }
  if (highway && layers === 1) {
    throw new UserError(`${where}: expected highway with 2 layers or more but got 1`, {
      hint: 'the connections lead around the layers above the first',
    });
  }
  if (learnedState && mode === 'init') {
    throw new UserError(`${where}: expected learnedState with another mode than init but got both`, {
      hint: 'with init the image makes the state before the first word',
    });
  }
}
