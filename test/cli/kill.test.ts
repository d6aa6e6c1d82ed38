import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../../src/random.ts';
import { start } from '../helpers/command.ts';
import { flawsOf, type Growing, killedRun, randomMoment } from '../helpers/killed-runs.ts';
import { writePhotos } from '../helpers/photo-folder.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';
import { type WrittenFiles, writtenFiles } from '../helpers/written-files.ts';

/** Where the moments come from: KILL_SEED=<n> in the environment repeats those of a failure, as far as a machine can. */
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 2 ** 31);
const PHOTOS = 24;
/** For each way; KILLS=<n> in the environment for more. */
const KILLS = Number(process.env.KILLS ?? 2);

const { folder: root, shapes, captioning: model } = await trainedShapes();

interface Document extends Growing {
  /** What ends each of its records. */
  readonly recordEnd: string;
}

/** A way to write captions. Each has 24 photographs in three folders. */
interface Case {
  readonly options: readonly string[];
  /** Names of the photographs, COCO's ids or awkward ones. */
  readonly ids?: boolean;
  /** Contents of files that are there before, by their names. */
  readonly before?: (photo: string, at: number) => readonly [name: string, contents: string][];
  readonly grows?: Document;
  /** Captions that a killed run has written are not looked for again. */
  readonly goesOn: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  txt: { options: ['--format', 'txt', '--output-dir', 'captions'], goesOn: true },
  'xmp beside what others wrote': { options: ['--format', 'xmp'], before: xmpSidecars, goesOn: true },
  jsonl: document('out.jsonl', '}\n'),
  csv: document('out.csv', '\r\n'),
  coco: { ...document('out.json', '}\n', ']\n'), ids: true },
  html: document('out.html', '</figure>\n'),
  ...Object.fromEntries(
    ['overwrite', 'append', 'prepend'].map((existing) => [
      `txt --existing ${existing}`,
      { options: ['--format', 'txt', '--existing', existing], before: txtSidecars, goesOn: false },
    ]),
  ),
  'jsonl --existing overwrite': {
    options: ['--out', 'out.jsonl', '--existing', 'overwrite'],
    before: oldRecords,
    goesOn: false,
  },
};

function document(name: string, recordEnd: string, tail = ''): Case {
  return { options: ['--out', name], grows: { name, tail, recordEnd }, goesOn: true };
}

test.concurrent.each(Object.entries(CASES))(
  'after kills at any moment the same command comes to the same end: %s',
  async (name, { options, ids = false, before: contents, grows, goesOn }) => {
    const args = [...model, 'photos', '--recursive', ...options];
    const photos = await mkdtemp(join(root, 'photos-'));
    const before = await prepare(photos, ids, contents);
    const [undisturbed, killed] = [`${photos}-undisturbed`, `${photos}-killed`];
    await cp(photos, undisturbed, { recursive: true });
    await cp(photos, killed, { recursive: true });
    expect(await start(args, { cwd: undisturbed }).outcome).toMatchObject({ status: 0 });
    const end = writtenFiles(undisturbed);
    const random = new Random(SEED).fork(Object.keys(CASES).indexOf(name));

    const moments: string[] = [];
    /** What to tell of a failure. */
    const where = () => `KILL_SEED=${SEED}, killed ${moments.join(', ')}`;
    let kills = 0;
    for (let ended = false; kills < KILLS && !ended; ) {
      const moment = randomMoment(random);
      moments.push(`${moment.delay} ms behind change ${moment.changes}`);
      const outcome = await killedRun(args, killed, moment);
      expect(flawsOf(writtenFiles(killed), before, end, grows), where()).toEqual([]);
      ended = outcome.status === 0;
      if (ended) continue;
      expect(outcome, where()).toMatchObject({ status: 137, out: '' });
      kills++;
    }
    expect(kills, where()).toBeGreaterThan(0);

    const done = goesOn ? captionsIn(writtenFiles(killed), end, grows) : 0;
    const last = await start(args, { cwd: killed }).outcome;
    expect(last, where()).toMatchObject({ status: 0, out: '' });
    expect(writtenFiles(killed), where()).toEqual(end);
    expect(last.err, where()).toContain(`captioned ${PHOTOS - done} photo`);
    if (done > 0) expect(last.err, where()).toContain(`skipped ${done} that`);
  },
  60_000,
);

/** Fills a folder with photographs and what stands beside them; gives the latter. */
async function prepare(folder: string, ids: boolean, contents: Case['before']): Promise<WrittenFiles> {
  const photos = Array.from({ length: PHOTOS }, (_, at) => {
    const name = ids ? `${at}.png` : `${at}, "é" \n-.png`;
    return join('photos', ['', 'b', 'b/c'][at % 3]!, name);
  });
  await writePhotos(folder, shapes, photos);
  for (const [name, text] of photos.flatMap((photo, at) => contents?.(photo, at) ?? [])) {
    await writeFile(join(folder, name), text, { flag: 'a' });
  }
  return writtenFiles(folder);
}

const sidecar = (photo: string, extension: string) => photo.replace(/\.png$/, extension);

function txtSidecars(photo: string, at: number): [string, string][] {
  return at % 4 === 0 ? [] : [[sidecar(photo, '.txt'), `a text of mine, ${at}\n`]];
}

/** A keyword, and in some a description, which skip leaves alone. */
function xmpSidecars(photo: string, at: number): [string, string][] {
  if (at % 3 === 0) return [];
  const about = ['', ' dc:description="Mine."'][Number(at % 8 === 1)];
  const text = `<x:xmpmeta xmlns:x="adobe:ns:meta/">\r
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\r
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"${about}>\r
   <dc:subject><rdf:Bag><rdf:li>keyword ${at}</rdf:li></rdf:Bag></dc:subject>\r
  </rdf:Description>\r
 </rdf:RDF>\r
</x:xmpmeta>\r\n`;
  return [[sidecar(photo, '.xmp'), text]];
}

/** Some photographs have a record, and some records have no photograph any more. */
function oldRecords(photo: string, at: number): [string, string][] {
  const names = at % 2 === 0 ? [] : [photo, `gone/${at}.png`];
  return names.map((name) => ['out.jsonl', `${JSON.stringify({ file_name: name, text: 'mine' })}\n`]);
}

/** How many photographs have the caption that they have in the end: sidecars, or records of a document. */
function captionsIn(files: WrittenFiles, end: WrittenFiles, grows?: Document): number {
  if (!grows) return [...files].filter(([name, contents]) => contents === end.get(name)).length;
  const endsIn = (text = '') => text.split(grows.recordEnd).length - 1;
  const inHead = endsIn(end.get(grows.name)) - PHOTOS;
  return Math.max(0, endsIn(files.get(grows.name)) - inHead);
}
