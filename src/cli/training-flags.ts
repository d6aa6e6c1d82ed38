import { type Command, Option } from 'commander';
import { UserError } from '../errors.ts';
import type { TokenizerName } from '../text/tokenizer.ts';
import {
  MAX_STEPS,
  OPTIMIZERS,
  SCHEDULES,
  SELECTIONS,
  TRAINING_DEFAULTS,
  type TrainingOptions,
} from '../training/options.ts';
import { oneOf, real, whole } from './command.ts';

type Settings = Omit<TrainingOptions, 'dropout' | 'selfCritical' | 'weightDecay' | 'maxSteps'>;

/** What the options of a training give; `dropout` is for all of the three. */
export interface TrainingFlags extends Settings {
  readonly weightDecay?: number;
  readonly maxSteps?: number;
  readonly tokenizer?: TokenizerName;
  readonly dropout?: number;
  readonly dropoutImage?: number;
  readonly dropoutEmbedding?: number;
  readonly dropoutOutput?: number;
  readonly selfCritical?: boolean;
  readonly text?: string;
  readonly init?: string;
}

/** Of AdamW where none is given; the other optimizers have none then. */
const ADAMW_DECAY = 0.01;

export function addTrainingOptions(command: Command): Command {
  const { dropout } = TRAINING_DEFAULTS;
  const add = (name: keyof Settings, flags: string, text: string, parse: (text: string) => unknown) =>
    command.addOption(new Option(flags, text).argParser(parse).default(TRAINING_DEFAULTS[name]));
  const share = (option: string) => real(option, 'from 0 to less than 1', (x) => x >= 0 && x < 1);
  const positive = (option: string) => real(option, 'more than 0', (x) => x > 0);
  const least0 = (option: string) => real(option, '0 or more', (x) => x >= 0);
  const factor = real('--learning-rate-decay', 'more than 0 and at most 1', (x) => x > 0 && x <= 1);

  command.optionsGroup('Training:');
  add('epochs', '--epochs <n>', 'at most', whole('--epochs', 1));
  add('patience', '--patience <n>', 'epochs without a better one, then it stops', whole('--patience', 1));
  add(
    'select',
    '--select <score>',
    `what makes an epoch better: validation ${SELECTIONS.join(' or ')}`,
    oneOf('--select', SELECTIONS),
  );
  add('batchSize', '--batch-size <n>', 'captions at a time', whole('--batch-size', 1, 65_536));
  add('accumulate', '--accumulate <n>', 'batches that make one step', whole('--accumulate', 1, 65_536));
  command.option(
    '--max-steps <n>',
    `longer captions are cut (${MAX_STEPS.word}; with --tokenizer char ${MAX_STEPS.char})`,
    whole('--max-steps', 2, 200),
  );
  add('seed', '--seed <n>', 'the same seed gives the same model', whole('--seed', 0));

  command.optionsGroup('Optimizer:');
  add('optimizer', '--optimizer <name>', OPTIMIZERS.join(', '), oneOf('--optimizer', OPTIMIZERS));
  add(
    'learningRate',
    '--learning-rate <x>',
    'sgd wants about 500 times as much, adagrad 10 times',
    positive('--learning-rate'),
  );
  add('momentum', '--momentum <x>', 'of sgd', share('--momentum'));
  command.option(
    '--weight-decay <x>',
    `L2 penalty; adamw takes it off the weights instead (0; adamw ${ADAMW_DECAY})`,
    least0('--weight-decay'),
  );
  add(
    'schedule',
    '--schedule <name>',
    `of the learning rate: ${SCHEDULES.join(', ')}`,
    oneOf('--schedule', SCHEDULES),
  );
  add('learningRateDecay', '--learning-rate-decay <x>', 'factor of step and plateau', factor);
  add(
    'decayEvery',
    '--decay-every <n>',
    'epochs between two falls (step), or without a better one (plateau)',
    whole('--decay-every', 1),
  );
  add('warmup', '--warmup <steps>', 'in which the learning rate rises from 0', whole('--warmup', 0));
  add('clipNorm', '--clip-norm <x>', 'largest norm of the gradient, 0 for any', least0('--clip-norm'));
  add('clipValue', '--clip-value <x>', 'largest value of a gradient, 0 for any', least0('--clip-value'));
  add(
    'averaging',
    '--averaging <x>',
    "decay of the weights' running average, 0 for none",
    share('--averaging'),
  );

  command
    .optionsGroup('Against learning by heart:')
    .option('--dropout <x>', 'share of units switched off, for all of the three below', share('--dropout'))
    .option('--dropout-image <x>', `of the image vector (${dropout.image})`, share('--dropout-image'))
    .option('--dropout-embedding <x>', `of the words (${dropout.embedding})`, share('--dropout-embedding'))
    .option('--dropout-output <x>', `of the recurrent output (${dropout.output})`, share('--dropout-output'));
  add('wordDropout', '--word-dropout <x>', 'share of input words hidden', share('--word-dropout'));
  add(
    'featureNoise',
    '--feature-noise <x>',
    'noise on image vectors, as a share of their size',
    least0('--feature-noise'),
  );
  add(
    'labelSmoothing',
    '--label-smoothing <x>',
    "share of the target's probability given to all words",
    share('--label-smoothing'),
  );
  add(
    'scheduledSampling',
    '--scheduled-sampling <x>',
    "share of input words that are the model's own, in the last epoch",
    real('--scheduled-sampling', 'from 0 to 1', (x) => x >= 0 && x <= 1),
  );

  command.optionsGroup('Before and after:');
  command.option('--text <file>', 'captions without photographs, one a line, for --text-epochs');
  add('textEpochs', '--text-epochs <n>', 'epochs on --text before the others', whole('--text-epochs', 0));
  command
    .option('--init <model>', 'start from this model: its decoder, words and weights')
    .option(
      '--self-critical',
      'learn from the CIDEr-D of captions it draws (Rennie et al. 2017); needs --init',
    );
  add('samples', '--samples <n>', 'captions drawn for a photograph then', whole('--samples', 2, 1000));
  add(
    'wordShare',
    '--word-share <x>',
    "weight of people's captions beside rewards then",
    least0('--word-share'),
  );
  return command;
}

/** Throws a UserError for options of a training that don't belong together, before anything long is done. */
export function checkTrainingFlags(flags: TrainingFlags): void {
  const { text, textEpochs, init, selfCritical, scheduledSampling, labelSmoothing } = flags;
  const need = (wanted: boolean, message: string, hint: string) => {
    if (!wanted) throw new UserError(message, { hint });
  };
  need(
    (text !== undefined) === textEpochs > 0,
    `expected --text and --text-epochs together but got ${text === undefined ? '--text-epochs' : '--text'} alone`,
    '--text names the captions, --text-epochs says how often to go through them (1 is a start)',
  );
  if (!selfCritical) return;
  need(
    init !== undefined,
    'expected --init together with --self-critical but got none',
    'train a model without --self-critical first and name it: captions drawn from nothing earn no reward',
  );
  need(
    textEpochs === 0 && scheduledSampling === 0 && labelSmoothing === 0,
    'expected --self-critical without --text, --scheduled-sampling and --label-smoothing',
    'they are for learning word by word, which comes before',
  );
}

/** The settings of a training from its options. */
export function trainingOptions(flags: TrainingFlags): TrainingOptions {
  const standard = TRAINING_DEFAULTS.dropout;
  const settings = Object.fromEntries(
    Object.keys(TRAINING_DEFAULTS).map((key) => [key, flags[key as keyof TrainingFlags]]),
  ) as unknown as Settings;
  return {
    ...settings,
    maxSteps: flags.maxSteps ?? MAX_STEPS[flags.tokenizer ?? 'word'],
    weightDecay: flags.weightDecay ?? (flags.optimizer === 'adamw' ? ADAMW_DECAY : 0),
    dropout: {
      image: flags.dropoutImage ?? flags.dropout ?? standard.image,
      embedding: flags.dropoutEmbedding ?? flags.dropout ?? standard.embedding,
      output: flags.dropoutOutput ?? flags.dropout ?? standard.output,
    },
    selfCritical: flags.selfCritical ?? false,
  };
}
