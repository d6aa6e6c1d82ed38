import { count, say } from '../../src/cli/terminal.ts';
import { type Origin, writeReport } from './report.ts';
import { evaluateModel, type Training, trainModel } from './training.ts';

/**
 * The last stages of all training scripts: features and training, scores on split test, the report.
 *
 * @returns whether no image had to be left out on the way
 */
export async function finish(training: Training, origin: Origin): Promise<boolean> {
  await trainModel(training);
  await evaluateModel(training);
  await writeReport(training, origin);
  const { missing = [], trained, scored } = training.record;
  if (missing.length > 0) say(`left out: ${count(missing.length, 'image')} that could not be had`);
  return missing.length === 0 && !trained?.someFailed && !scored?.someFailed;
}
