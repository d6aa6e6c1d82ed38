import { type Verification, verifyEncoder, verifyModel } from '../captioning/verify.ts';
import {
  findInLibrary,
  type InstalledModel,
  installedModels,
  isInstalled,
  type KnownEncoder,
  knownEncoders,
} from '../library/installed.ts';
import { someFailed } from './failures.ts';
import type { EncoderFileFlags } from './models.ts';
import { count, print, say } from './terminal.ts';

/** Verifies one model or encoder, or all that are installed; problems are told one a line. */
export async function verifyLibrary(name: string | undefined, flags: EncoderFileFlags): Promise<void> {
  const entries = name === undefined ? await allInstalled() : [await findInLibrary(name)];
  let problems = 0;
  for (const entry of entries) {
    const found = await verifyEntry(entry, flags);
    for (const problem of found.problems) say(`${entry.name}: ${problem}`);
    if (found.problems.length === 0) {
      print(`${entry.name}: ok${found.caption === undefined ? '' : `, test picture: ${found.caption}`}`);
    }
    problems += found.problems.length;
  }
  if (problems === 0) return;
  say(count(problems, 'problem'));
  someFailed();
}

function verifyEntry(entry: InstalledModel | KnownEncoder, flags: EncoderFileFlags): Promise<Verification> {
  return entry.kind === 'model' ? verifyModel(entry.path, flags) : verifyEncoder(entry.definition, flags);
}

/** Encoders of several networks are left out: each of those is an encoder of its own. */
async function allInstalled(): Promise<(InstalledModel | KnownEncoder)[]> {
  const encoders = (await knownEncoders()).filter(isInstalled);
  return [...encoders.filter(({ files }) => files.length === 1), ...(await installedModels())];
}
