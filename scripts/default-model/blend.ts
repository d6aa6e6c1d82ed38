import { readModel, writeModel } from '../../src/library/model-folder.ts';
import { modelWeights } from '../../src/library/model-weights.ts';

/**
 * Writes the model between two, one of which was trained on from the other: weights `share` of the way from the first
 * to the second (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
 */
export async function writeBlend(from: string, to: string, share: number, out: string): Promise<void> {
  const [first, second] = [await readModel(from), await readModel(to)];
  const end = modelWeights(second);
  const weights = new Map(
    [...modelWeights(first)].map(([name, values]) => {
      const goal = end.get(name)!;
      return [name, values.map((value, i) => value + share * (goal[i] - value))];
    }),
  );
  await writeModel(out, first.manifest, first.vocabulary, weights);
}
