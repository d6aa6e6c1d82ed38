/**
 * A folder of 12-megapixel photographs through `caption`: how well decoding, the CNNs and the decoder overlap,
 * photographs a second, and memory on the way.
 *
 *     npm run build && npx tsx scripts/bench-folder.ts --photos <folder> [--count 1000] [--work <folder>]
 *
 * The photographs are those of --photos (and of folders within) enlarged to 12 megapixels, kept in --work. Each
 * stage is timed alone with as much of the machine as it has in the whole run: decoding on Node's four threads,
 * the networks in one worker thread or in as many as the command starts, the search for words in the main thread.
 * For comparison: the networks in one session each that all cores share, as onnxruntime runs them by itself.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { findImages } from '../src/captioning/inputs.ts';

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: 'data' },
    count: { type: 'string', default: '1000' },
    work: { type: 'string', default: join(tmpdir(), 'caption-bench-folder') },
  },
});
const COUNT = Number(values.count);
const PIXELS = 12e6;
/** Prepared images and features that the stages go through again and again. */
const SAMPLE = 64;

/** The compiled code, as the command runs it: worker threads can't read TypeScript. */
async function compiled<Module>(path: string): Promise<Module> {
  return await import(new URL(`../dist/${path}`, import.meta.url).href);
}
const { Captioner } =
  await compiled<typeof import('../src/captioning/captioner.ts')>('captioning/captioner.js');
const { prepareImage } = await compiled<typeof import('../src/vision/prepare.ts')>('vision/prepare.js');

const photos = join(values.work, 'photos');
await enlarge();
const paths = (await findImages([photos])).images.map(({ path }) => path).slice(0, COUNT);
console.log(`${cpus()[0]!.model.trim()}, ${availableParallelism()} cores, Node ${process.version}`);
const megabytes = paths.reduce((sum, path) => sum + statSync(path).size, 0) / 1e6;
console.log(
  `${paths.length} photographs of 12 megapixels, ${(megabytes / paths.length).toFixed(2)} MB each\n`,
);

const shared = await oneSession();
console.log('CNNs in one session each, on all cores');
console.log(`  one by one             ${shared.single.toFixed(1).padStart(6)} ms a photo`);
console.log(`  eight at a time        ${shared.eight.toFixed(1).padStart(6)} ms a photo\n`);
for (const threads of [1, undefined]) {
  const alone = await stagesAlone(threads);
  const whole = await wholeRun(threads);
  const slowest = Math.max(...Object.values(alone.ms));
  console.log(
    `${alone.lanes} worker thread${alone.lanes > 1 ? 's' : ''} for the CNNs${threads ? ' (--threads 1)' : ' (default)'}`,
  );
  for (const [stage, ms] of Object.entries(alone.ms))
    console.log(`  ${stage.padEnd(22)} ${ms.toFixed(1).padStart(6)} ms a photo`);
  const perPhoto = (1000 * whole.seconds) / paths.length;
  console.log(
    `  whole run              ${perPhoto.toFixed(1).padStart(6)} ms a photo, start included: ${(1000 / perPhoto).toFixed(1)} photos/s`,
  );
  console.log(`  whole run / slowest stage alone: ${(perPhoto / slowest).toFixed(2)}`);
  console.log(`  cores busy: ${(whole.cpuSeconds / whole.seconds).toFixed(2)} of ${availableParallelism()}`);
  const at = (done: number) => `${whole.memory(done).toFixed(0)} MB`;
  const fifths = [0.2, 0.4, 0.6, 0.8, 1].map((part) => Math.round(part * paths.length));
  console.log(
    `  memory after ${fifths.map((done) => `${done}: ${at(done)}`).join(', ')}; peak ${whole.peak.toFixed(0)} MB\n`,
  );
}

/** Makes the photographs that aren't there yet. */
async function enlarge(): Promise<void> {
  mkdirSync(photos, { recursive: true });
  const { images } = await findImages([values.photos], { recursive: true });
  const step = Math.max(1, Math.floor(images.length / COUNT));
  for (let i = 0; i < COUNT; i++) {
    const file = join(photos, `${String(i).padStart(5, '0')}.jpg`);
    if (existsSync(file)) continue;
    const source = sharp(images[(i * step) % images.length]!.path);
    const { width, height } = await source.metadata();
    const scale = Math.sqrt(PIXELS / (width * height));
    // Sharpened: an enlarged picture alone is so smooth that it is cheap to decode.
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    await source
      .resize({ ...size, fit: 'fill' })
      .sharpen()
      .jpeg({ quality: 90 })
      .toFile(file);
    if (i % 100 === 99) console.error(`enlarged ${i + 1} of ${COUNT}`);
  }
}

/** Milliseconds a photograph of each stage with nothing else running. */
async function stagesAlone(threads: number | undefined) {
  const captioner = await Captioner.load({ threads, images: COUNT });
  const { encoder, decoder } = captioner;
  const sample = paths.slice(0, SAMPLE);
  const prepare = (path: string) => prepareImage(encoder.definition, path);
  const prepared = await sideBySide(sample, 4, prepare);
  // Sent to a worker, the arrays are gone: a copy goes.
  const encode = (i: number) =>
    encoder.encodePrepared([prepared[i % SAMPLE]!.map((pixels) => pixels.slice())]);
  const numbers = Array.from({ length: Math.min(COUNT, 500) }, (_, i) => i);
  const features = await sideBySide(numbers.slice(0, SAMPLE), encoder.lanes + 1, encode);
  const ms = {
    decode: await time(numbers.length, () =>
      sideBySide(numbers, 4, (i) => prepare(paths[i % paths.length]!)),
    ),
    CNNs: await time(numbers.length, () => sideBySide(numbers, encoder.lanes + 1, encode)),
    words: await time(numbers.length, () =>
      sideBySide(numbers, 1, (i) => decoder.caption(features[i % features.length]!, 1)),
    ),
  };
  const { lanes } = encoder;
  await captioner.release();
  return { lanes, ms };
}

/** Milliseconds a photograph of the networks alone, where one session has all cores. */
async function oneSession(): Promise<{ single: number; eight: number }> {
  const { encoder, ...captioner } = await Captioner.load();
  const prepared = await sideBySide(paths.slice(0, SAMPLE), 4, (path) =>
    prepareImage(encoder.definition, path),
  );
  const all = Array.from({ length: SAMPLE / 8 }, (_, i) => prepared.slice(8 * i, 8 * i + 8));
  await encoder.encodePrepared(prepared.slice(0, 8));
  const single = await time(SAMPLE, () =>
    sideBySide(prepared, 1, (image) => encoder.encodePrepared([image])),
  );
  const eight = await time(SAMPLE, () => sideBySide(all, 1, (images) => encoder.encodePrepared(images)));
  await encoder.release();
  await captioner.decoder.release();
  return { single, eight };
}

async function time(count: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / count;
}

/** Runs `work` on all items, `width` of them at a time. */
async function sideBySide<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

/** The command over the whole folder, watched from outside (Linux: /proc). */
async function wholeRun(threads: number | undefined) {
  const out = join(values.work, 'captions.jsonl');
  rmSync(out, { force: true });
  const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const list = join(values.work, 'photos.txt');
  writeFileSync(list, paths.join('\n'));
  const args = [
    command,
    '--file-list',
    list,
    '--out',
    out,
    ...(threads ? ['--threads', String(threads)] : []),
  ];
  const begin = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore'] });
  const memory: { done: number; rss: number }[] = [];
  let cpuSeconds = 0;
  let peak = 0;
  const watch = setInterval(() => {
    const status = readProc(child.pid!, 'status');
    const stat = readProc(child.pid!, 'stat').split(') ')[1]?.split(' ');
    const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    if (rss === 0 || !stat) return;
    // utime and stime, in ticks of 10 ms.
    cpuSeconds = (Number(stat[11]) + Number(stat[12])) / 100;
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    const done = existsSync(out) ? readFileSync(out, 'utf8').split('\n').length - 1 : 0;
    memory.push({ done, rss });
  }, 250);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (status !== 0) throw new Error(`caption ended with status ${status}`);
  const seconds = (performance.now() - begin) / 1000;
  /** Mean of a few readings around this many photographs. */
  const memoryAt = (done: number) => {
    const nearest = memory.toSorted((a, b) => Math.abs(a.done - done) - Math.abs(b.done - done)).slice(0, 8);
    return nearest.reduce((sum, { rss }) => sum + rss, 0) / nearest.length;
  };
  return { seconds, cpuSeconds, peak, memory: memoryAt };
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
