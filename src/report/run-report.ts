import { basename, dirname, join, resolve, sep } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import { RUN_FILE, type RunRecord } from '../training/run-record.ts';
import { thumbnailUri } from '../vision/thumbnail-uri.ts';
import { expectPageTarget } from './page-target.ts';
import { findRunFile, readRunRecord } from './run-file.ts';
import { GENERATOR, runPage } from './run-page.ts';

const REPORT = 'report.html';

/** Longest side of a thumbnail in pixels: twice what the page gives it, for fine screens. */
const THUMBNAIL_SIDE = 400;

/** Writes `report.html` into the folder of a run, and gives its path. */
export function writeRunReport(folder: string): Promise<string> {
  return writeReport([folder]);
}

/**
 * Writes the page about one or several runs, and gives its path.
 * Throws a UserError for what is no run, and where the file to be written is something else than such a page.
 * @param runs folders of trainings, or their run.json; those given twice count once
 * @param out `report.html` in the folder of the run, or in the current one for several
 */
export async function writeReport(runs: readonly string[], out?: string): Promise<string> {
  const files = new Map<string, string>();
  const records: RunRecord[] = [];
  for (const run of runs) {
    const file = await findRunFile(run);
    if (files.has(resolve(file))) continue;
    files.set(resolve(file), file);
    records.push(await readRunRecord(run));
  }
  const labels = distinctLabels([...files.keys()].map(nameOf));
  const [first] = files.values();
  const path = out ?? (files.size === 1 && first !== undefined ? join(dirname(first), REPORT) : REPORT);
  await expectPageTarget(path, { option: '--out', generator: GENERATOR });
  const labelled = records.map((record, i) => ({ label: labels[i]!, record }));
  await writeFileAtomic(path, runPage(labelled, await thumbnailsOf(records)));
  return path;
}

/** A run is called as its folder is; a copy of its record under another name, as that file is. */
function nameOf(file: string): string {
  return basename(file) === RUN_FILE ? dirname(file) : file;
}

/** The last part of each path, and as many before it as tell it from the others. */
export function distinctLabels(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => folder.split(sep).filter((part) => part !== ''));
  const label = (of: readonly string[], length: number) => of.slice(-length).join('/') || '/';
  return parts.map((own, i) => {
    const others = parts.filter((_, j) => j !== i);
    const clashes = (length: number) => others.some((other) => label(other, length) === label(own, length));
    let length = 1;
    while (length < own.length && clashes(length)) length++;
    return label(own, length);
  });
}

/** Small pictures of the watched photographs by path, without those that can't be read any more. */
async function thumbnailsOf(records: readonly RunRecord[]): Promise<Map<string, string>> {
  const paths = new Set(records.flatMap(({ photos }) => photos.map(({ image }) => image)));
  const pictures = [...paths].map(async (path): Promise<[string, string][]> => {
    const uri = await thumbnailUri(path, THUMBNAIL_SIDE);
    return uri === undefined ? [] : [[path, uri]];
  });
  return new Map((await Promise.all(pictures)).flat());
}
