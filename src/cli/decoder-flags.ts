import type { Command } from 'commander';
import { CELLS } from '../decoder/cells/table.ts';
import { type DecoderShape, MODES } from '../decoder/config.ts';
import { PRESETS } from '../decoder/presets.ts';
import { UserError } from '../errors.ts';
import type { ModelFolder } from '../library/model-folder.ts';
import { TOKENIZERS, type TokenizerName } from '../text/tokenizer.ts';
import { oneOf, whole } from './command.ts';

type Preset = keyof typeof PRESETS;

/** Options that choose a decoder. */
export type DecoderFlags = Partial<DecoderShape> & {
  readonly preset?: Preset;
  readonly tokenizer?: TokenizerName;
};

const PRESET_NAMES = Object.keys(PRESETS) as Preset[];
/** The one that learns best in the table of docs/decoders.md. */
const DEFAULT_PRESET: Preset = 'tanti-merge';

/** Options that change a preset piece by piece. */
export const DECODER_OPTIONS = [
  'cell',
  'mode',
  'layers',
  'embeddingSize',
  'hiddenSize',
  'highway',
  'learnedState',
] as const satisfies (keyof DecoderShape)[];

export function addDecoderOptions(command: Command): Command {
  return command
    .optionsGroup('Decoder:')
    .option(
      '--preset <name>',
      `a paper's decoder: ${PRESET_NAMES.join(', ')} (${DEFAULT_PRESET})`,
      oneOf('--preset', PRESET_NAMES),
    )
    .option('--cell <name>', `${CELLS.join(', ')} (the preset's)`, oneOf('--cell', CELLS))
    .option(
      '--mode <name>',
      `where the image enters: ${MODES.join(', ')} (the preset's)`,
      oneOf('--mode', MODES),
    )
    .option('--layers <n>', "recurrent layers (the preset's)", whole('--layers', 1, 16))
    .option('--embedding-size <n>', "E (the preset's)", whole('--embedding-size', 1, 65_536))
    .option('--hidden-size <n>', "H (the preset's)", whole('--hidden-size', 1, 65_536))
    .option(
      '--tokenizer <name>',
      `what it reads and writes: ${TOKENIZERS.join(' or ')} (word)`,
      oneOf('--tokenizer', TOKENIZERS),
    )
    .option('--highway', 'layers above the first may let their input pass')
    .option('--learned-state', 'the state before the first word is learnt, not 0 (not with init)');
}

/** The decoder that the options choose. */
export function decoderOf(flags: DecoderFlags): DecoderShape {
  return { ...PRESETS[flags.preset ?? DEFAULT_PRESET], ...given(flags) };
}

/** Throws a UserError where options ask for another decoder than that of the model a training starts from. */
export function expectDecoder(
  { manifest: { decoder }, vocabulary: { tokenizer } }: ModelFolder,
  flags: DecoderFlags,
  model: string,
): void {
  const has = { ...decoder, tokenizer };
  const wanted = { ...(flags.preset && PRESETS[flags.preset]), ...given(flags), tokenizer: flags.tokenizer };
  for (const option of [...DECODER_OPTIONS, 'tokenizer'] as const) {
    const [is, got] = [has[option] ?? false, wanted[option]];
    if (got === undefined || got === is) continue;
    throw new UserError(
      `expected the decoder of ${model}, where ${option} is ${is}, but got ${option} ${got}`,
      { hint: 'a training that starts from a model goes on with its decoder: leave the option out' },
    );
  }
}

function given(flags: DecoderFlags): Partial<DecoderShape> {
  return Object.fromEntries(
    DECODER_OPTIONS.flatMap((option) => (flags[option] === undefined ? [] : [[option, flags[option]]])),
  );
}
