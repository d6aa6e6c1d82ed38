import { readdir } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { exportModel } from '../library/export.ts';
import { findInLibrary } from '../library/installed.ts';
import { readModel } from '../library/model-folder.ts';
import { encoderFiles } from '../vision/encoders.ts';
import { say } from './terminal.ts';

/** Writes a model as a folder of files that need none of our code. */
export async function exportTo(name: string, flags: { to: string; encoderFile?: string }): Promise<void> {
  const { to } = flags;
  const found = await findInLibrary(name);
  if (found.kind === 'encoder') {
    throw new UserError(`expected a model to export but got ${name}, which is an encoder`);
  }
  await checkEmpty(to);
  const model = await readModel(found.path);
  await exportModel(model, { to, encoderFiles: encoderFiles(model.manifest.encoder, flags) });
  say(`${to} holds ${found.name} for any ONNX Runtime`);
}

async function checkEmpty(to: string): Promise<void> {
  const entries = await readdir(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UserError(`expected --to to be a new or empty folder but got ${to}: ${error.message}`);
  });
  if (entries.length === 0) return;
  const files = entries.length === 1 ? '1 file' : `${entries.length} files`;
  throw new UserError(`expected --to to be a new or empty folder but got ${to}, which holds ${files}`);
}
