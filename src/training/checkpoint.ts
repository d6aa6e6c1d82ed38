import { UserError } from '../errors.ts';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../files/safetensors.ts';
import type { Arrays } from './optimizer.ts';
import type { TrainingState } from './state.ts';

const FORMAT = 'caption-checkpoint-2';

/** Writes a training state as one safetensors file, whole or not at all. `run` says what it belongs to. */
export async function writeCheckpoint(path: string, state: TrainingState, run: string): Promise<void> {
  const { weights, slots, average, best, progress } = state;
  const groups: [string, Arrays][] = [['weights', weights]];
  for (const [slot, arrays] of Object.entries(slots)) groups.push([`optimizer.${slot}`, arrays]);
  if (average) groups.push(['average', average]);
  if (best) groups.push(['best', best.weights]);
  const tensors = groups.flatMap(([group, arrays]) =>
    [...arrays].map(([name, data]): [string, StoredTensor] => [
      `${group}/${name}`,
      { dims: [data.length], data },
    ]),
  );
  await writeSafetensors(path, tensors, {
    format: FORMAT,
    run,
    progress: JSON.stringify(progress),
    best: JSON.stringify(best?.epoch ?? null),
  });
}

/** Reads a checkpoint of the same run; another one's is refused. */
export async function readCheckpoint(path: string, run: string): Promise<TrainingState> {
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.format !== FORMAT) {
    const got = metadata.format?.startsWith('caption-checkpoint-')
      ? `one of another version (${metadata.format})`
      : 'another safetensors file';
    throw new UserError(`expected ${path} to be a checkpoint of caption train but got ${got}`, {
      hint: '--overwrite starts the training again',
    });
  }
  if (metadata.run !== run) {
    throw new UserError(`${path} was made with other data or options than this call`, {
      hint: 'resume with the options the run was started with, or start again in another folder',
    });
  }
  const groups = new Map<string, Map<string, Float32Array>>();
  for (const [name, { data }] of tensors) {
    const slash = name.indexOf('/');
    const group = name.slice(0, slash);
    if (!groups.has(group)) groups.set(group, new Map());
    groups.get(group)!.set(name.slice(slash + 1), data);
  }
  const slots = [...groups].flatMap(([group, arrays]) =>
    group.startsWith('optimizer.') ? [[group.slice('optimizer.'.length), arrays] as const] : [],
  );
  const epoch: number | null = JSON.parse(metadata.best);
  return {
    weights: groups.get('weights')!,
    slots: Object.fromEntries(slots),
    average: groups.get('average') ?? null,
    best: epoch === null ? null : { weights: groups.get('best')!, epoch },
    progress: JSON.parse(metadata.progress),
  };
}
