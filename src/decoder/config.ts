import { UserError } from '../errors.ts';

export const CELLS = ['rnn', 'lstm', 'gru'] as const;
export type CellName = (typeof CELLS)[number];

/**
 * Where the image enters (Tanti et al. 2018, "Where to put the image in an image caption generator"):
 * `par` W_ih v at every step (the lectures' formula), `init` as the initial state, `pre` as the first
 * input (Show and Tell), `merge` beside the recurrent net's output (like m-RNN).
 */
export const MODES = ['par', 'init', 'pre', 'merge'] as const;
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
}

/** Shares of units that training switches off, each in [0, 1). */
export interface Dropout {
  readonly image: number;
  readonly embedding: number;
  readonly output: number;
}

/** Named decoders of the lectures and papers: `--preset`. */
export const PRESETS = {
  /** CS231n / Karpathy: h = tanh(Wxh x + Whh h + Wih v), the image at every step. */
  lecture: { cell: 'rnn', mode: 'par', layers: 1, embeddingSize: 256, hiddenSize: 512 },
  /** Vinyals et al. 2015: an LSTM that reads the image as its first word. */
  'show-and-tell': { cell: 'lstm', mode: 'pre', layers: 1, embeddingSize: 512, hiddenSize: 512 },
} as const satisfies Record<string, Omit<DecoderConfig, 'featureSize' | 'vocabularySize'>>;

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
  return config;
}
