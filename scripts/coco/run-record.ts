import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { MANIFEST } from '../../src/library/model-folder.ts';

const value = z.union([z.string(), z.number(), z.boolean()]);

const contents = z.object({
  script: z.string(),
  /** Options that decide what comes out, by their names. */
  settings: z.record(z.string(), value),
  /** What each stage took, over all runs but those that were killed. */
  seconds: z.record(z.string(), z.number()),
  /** Images of the subset that could not be had. */
  missing: z.array(z.object({ key: z.string(), why: z.string() })).optional(),
  /** Data and model, by their SHA-256, that belong together. */
  trained: z.object({ data: z.string(), model: z.string(), someFailed: z.boolean() }).optional(),
  /** Scores of that model on the test split of these data. */
  scored: z
    .object({
      data: z.string(),
      model: z.string(),
      someFailed: z.boolean(),
      scores: z.record(z.string(), z.number()),
    })
    .optional(),
});

type Contents = z.infer<typeof contents>;
export type Settings = Readonly<Contents['settings']>;

const FILE = 'script.json';

/** What a script has done so far for a model folder, kept in it as `script.json` for the next run. */
export class RunRecord {
  private constructor(
    private readonly path: string,
    private now: Contents,
  ) {}

  /**
   * Reads the record of a folder, or begins one that is written at the first change.
   *
   * @throws {UserError} when the folder belongs to a run with other settings, or has another model
   */
  static async open(out: string, script: string, settings: Settings): Promise<RunRecord> {
    const path = join(out, FILE);
    if (!existsSync(path)) {
      if (existsSync(join(out, MANIFEST))) {
        throw new UserError(`expected --out to be a new folder but ${out} holds a model already`, {
          hint: 'name another folder',
        });
      }
      return new RunRecord(path, { script, settings, seconds: {} });
    }
    const old = parse(await readFile(path, 'utf8'), path);
    if (old.script !== script) {
      throw new UserError(`expected --out to be a new folder but ${out} is one of npm run ${old.script}`, {
        hint: 'name another folder',
      });
    }
    const names = [...new Set([...Object.keys(old.settings), ...Object.keys(settings)])];
    const differing = names.filter((name) => old.settings[name] !== settings[name]);
    if (differing.length > 0) {
      const tell = (from: Settings) => differing.map((name) => told(name, from[name])).join(' ');
      throw new UserError(
        `expected the settings that ${out} was begun with, ${tell(old.settings)}, but got ${tell(settings)}`,
        { hint: 'give the same options as then, name another --out, or remove that folder to begin anew' },
      );
    }
    return new RunRecord(path, old);
  }

  get script(): string {
    return this.now.script;
  }

  get seconds(): Contents['seconds'] {
    return this.now.seconds;
  }

  get missing(): Contents['missing'] {
    return this.now.missing;
  }

  get trained(): Contents['trained'] {
    return this.now.trained;
  }

  get scored(): Contents['scored'] {
    return this.now.scored;
  }

  /** Writes what has changed. */
  async keep(
    changes: Partial<Pick<Contents, 'seconds' | 'missing' | 'trained' | 'scored'>> = {},
  ): Promise<void> {
    this.now = { ...this.now, ...changes };
    await writeFileAtomic(this.path, `${JSON.stringify(this.now, null, 2)}\n`);
  }

  /** Does the work of a stage and adds the time that it took, also where it ends early. */
  async timed<Result>(stage: string, work: () => Promise<Result>): Promise<Result> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const before = this.now.seconds[stage] ?? 0;
      const seconds = Math.round(10 * before + (performance.now() - started) / 100) / 10;
      await this.keep({ seconds: { ...this.now.seconds, [stage]: seconds } });
    }
  }
}

function told(name: string, setting: Settings[string] | undefined): string {
  return setting === undefined ? `no ${name}` : `${name} ${setting}`;
}

function parse(text: string, path: string): Contents {
  try {
    return contents.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? error.issues[0]!.message : messageOf(error);
    throw new UserError(`expected ${path} to be the record of a run but it can't be read: ${why}`, {
      hint: 'name another --out, or remove that folder to begin anew',
    });
  }
}
