import type { DecoderShape } from './config.ts';

/** Named decoders of the lectures and papers: `--preset`. Each has a commented config under scripts/configs. */
export const PRESETS = {
  /** CS231n: h = tanh(Wxh x + Whh h + Wih v), the image at every step. */
  lecture: { cell: 'rnn', mode: 'par', layers: 1, embeddingSize: 256, hiddenSize: 512 },
  /** Karpathy & Fei-Fei 2015, section 3.2: rectified units, the image at the first step only. */
  'karpathy-fei-fei': { cell: 'relu', mode: 'first', layers: 1, embeddingSize: 300, hiddenSize: 512 },
  /** Vinyals et al. 2015, and neuraltalk2: an LSTM that reads the image as its first word. */
  'show-and-tell': { cell: 'lstm', mode: 'pre', layers: 1, embeddingSize: 512, hiddenSize: 512 },
  /** Mao et al. 2015: rectified units, and a multimodal layer before the words. */
  'm-rnn': { cell: 'relu', mode: 'multimodal', layers: 1, embeddingSize: 512, hiddenSize: 512 },
  /** Donahue et al. 2015, factored: the second LSTM sees the image and what the first one says. */
  lrcn: { cell: 'lstm', mode: 'factored', layers: 2, embeddingSize: 512, hiddenSize: 512 },
  /** The four of Tanti et al. 2018, with their later GRU-512. */
  'tanti-init': { cell: 'gru', mode: 'init', layers: 1, embeddingSize: 512, hiddenSize: 512 },
  'tanti-pre': { cell: 'gru', mode: 'pre', layers: 1, embeddingSize: 512, hiddenSize: 512 },
  'tanti-par': { cell: 'gru', mode: 'par', layers: 1, embeddingSize: 512, hiddenSize: 512 },
  'tanti-merge': { cell: 'gru', mode: 'merge', layers: 1, embeddingSize: 512, hiddenSize: 512 },
} as const satisfies Record<string, DecoderShape>;
