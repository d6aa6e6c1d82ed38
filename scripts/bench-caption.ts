/**
 * From shell to sentence: wall time and peak memory of `caption data/cat.jpg`, and where the time goes.
 *
 *     npm run build && npx tsx scripts/bench-caption.ts [runs]
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const runs = Number(process.argv[2] ?? 7);
const root = fileURLToPath(new URL('..', import.meta.url));
const photo = 'data/cat.jpg';

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Runs node with a last word on standard error: its peak memory in MB. */
function node(args: readonly string[]): { seconds: number; peak: number; stdout: string } {
  const report = "process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS/1024))";
  const begin = performance.now();
  const run = spawnSync(process.execPath, ['--import', `data:text/javascript,${report}`, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  const seconds = (performance.now() - begin) / 1000;
  if (run.status !== 0) throw new Error(run.stderr);
  return { seconds, peak: Number(/peak ([\d.]+)/.exec(run.stderr)?.[1]), stdout: run.stdout };
}

/** The same work with a clock between its parts; compiled code, as the command runs it. */
const PARTS = `
const parts = {};
let last = performance.now();
const mark = (name) => { const now = performance.now(); parts[name] = now - last; last = now; };
parts['start node'] = last;
const { findModel, readModel } = await import('./dist/library/model-folder.js');
const { Encoder } = await import('./dist/vision/encoder.js');
const { encoderFiles } = await import('./dist/vision/encoders.js');
const { prepareImage } = await import('./dist/vision/prepare.js');
const { FeatureCaptioner } = await import('./dist/captioning/captioner.js');
mark('import modules');
const model = await readModel(await findModel('default'));
mark('read model');
const encoder = await Encoder.load(model.manifest.encoder, encoderFiles(model.manifest.encoder));
mark('load encoder');
const captioner = await FeatureCaptioner.load(model);
mark('load decoder');
const prepared = await prepareImage(encoder.definition, '${photo}');
mark('decode photo');
const feature = await encoder.encodePrepared([prepared]);
mark('encode photo');
await captioner.caption(feature, 1);
mark('search caption');
console.log(JSON.stringify(parts));
`;

const whole = Array.from({ length: runs }, () => node(['dist/cli/main.js', photo]));
const parts = Array.from(
  { length: runs },
  () => JSON.parse(node(['--input-type=module', '-e', PARTS]).stdout) as Record<string, number>,
);
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`);
console.log(`caption ${photo}: ${whole[0].stdout.trim()}`);
console.log(
  `${median(whole.map((run) => run.seconds)).toFixed(2)} s, ${median(whole.map((run) => run.peak)).toFixed(0)} MB ` +
    `(median of ${runs}; slowest ${Math.max(...whole.map((run) => run.seconds)).toFixed(2)} s)`,
);
for (const name of Object.keys(parts[0])) {
  console.log(
    `  ${name.padEnd(16)} ${median(parts.map((part) => part[name]))
      .toFixed(0)
      .padStart(5)} ms`,
  );
}
