import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointOf, hasCheckpoint, prepareFolder } from '../../src/training/folder.ts';
import { writeStatus } from '../../src/training/status.ts';
import { temporary } from './tiny-run.ts';

/** An output folder with these files. */
function folderWith(...files: string[]): string {
  const out = temporary('out');
  mkdirSync(out);
  for (const file of files) writeFileSync(join(out, file), '');
  return out;
}

describe('prepareFolder', () => {
  it('makes the folder where there is none, for any answer', async () => {
    for (const existing of ['refuse', 'resume', 'overwrite'] as const) {
      const out = join(temporary('deep'), 'er');
      await prepareFolder(out, existing);
      expect(existsSync(out)).toBe(true);
      expect(hasCheckpoint(out)).toBe(false);
    }
  });

  it('refuses to write over a model or a checkpoint that nobody speaks of', async () => {
    const hint = '--resume goes on with that run, --overwrite starts again, or name another folder';
    for (const [file, got] of [
      ['model.json', 'a model'],
      ['checkpoint.safetensors', 'the checkpoint of a run'],
    ]) {
      const out = folderWith(file);
      const preparing = prepareFolder(out, 'refuse');
      await expect(preparing).rejects.toThrow(`expected ${out} to hold no model yet but got ${got}`);
      await expect(preparing).rejects.toMatchObject({ name: 'UserError', hint });
    }
    await prepareFolder(folderWith('notes.txt'), 'refuse');
  });

  it('resumes from a checkpoint, not from a finished model alone', async () => {
    await prepareFolder(folderWith('checkpoint.safetensors', 'model.json'), 'resume');
    const out = folderWith('model.json');
    await expect(prepareFolder(out, 'resume')).rejects.toThrow(
      `expected ${checkpointOf(out)} to resume from but there is only a model`,
    );
  });

  it('may write over both: the model stays until it is replaced, the checkpoint could be taken for the new one', async () => {
    const out = folderWith('checkpoint.safetensors', 'model.json', 'run.json');
    await prepareFolder(out, 'overwrite');
    expect(readdirSync(out)).toEqual(['model.json']);
    expect(hasCheckpoint(out)).toBe(false);
  });

  it('says which folder cannot be made', async () => {
    const file = join(folderWith('file'), 'file');
    await expect(prepareFolder(join(file, 'in'), 'refuse')).rejects.toThrow(
      new RegExp(`^cannot write to the folder ${join(file, 'in')}: ENOTDIR`),
    );
  });
});

it('status.json says how a run stands, and who to ask', async () => {
  const out = folderWith();
  const progress = { epoch: 2, epochs: 9, batch: 5, batches: 7, stage: 'text', figure: 3.5 } as const;
  await writeStatus(out, 'training', { ...progress, captionsPerSecond: 100, secondsLeft: 60 });
  const read = async () => JSON.parse(await readFile(join(out, 'status.json'), 'utf8'));
  expect(await read()).toEqual({
    state: 'training',
    pid: process.pid,
    updated: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    ...progress,
    captionsPerSecond: 100,
    secondsLeft: 60,
  });
  await writeStatus(out, 'failed', undefined);
  expect(await read()).toEqual({ state: 'failed', pid: process.pid, updated: expect.any(String) });
});
