import { escapeHtml } from '../html-text.ts';
import { TRAINING_DEFAULTS } from '../training/options.ts';
import type { RunRecord } from '../training/run-record.ts';
import { whole } from './figures.ts';

/** One setting of a run, under the name that a config file has for it. */
interface Setting {
  readonly name: string;
  readonly value: string;
  /** The default, of those that have one. */
  readonly standard?: string;
}

/** Values by name; a record within has its own name in front, with a dot. */
function flat(settings: object, before = ''): [name: string, value: string][] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? flat(value, `${before}${name}.`)
      : [[`${before}${name}`, String(value)]],
  );
}

const STANDARD = new Map(flat(TRAINING_DEFAULTS));

function trainingSettings({ training }: RunRecord): Setting[] {
  return flat(training).map(([name, value]) => ({ name, value, standard: STANDARD.get(name) }));
}

/** What a run was given to learn and to learn it with. */
function modelSettings({ data, encoder, decoder }: RunRecord): Setting[] {
  return [
    { name: 'data set', value: data.dataset },
    { name: 'training photographs', value: whole(data.trainImages) },
    { name: 'training captions', value: whole(data.trainCaptions) },
    { name: 'validation photographs', value: whole(data.validationImages) },
    { name: 'vocabulary', value: whole(data.vocabularySize) },
    { name: 'tokenizer', value: data.tokenizer },
    { name: 'encoder', value: encoder },
    ...flat(decoder).map(([name, value]) => ({ name, value })),
  ];
}

const isChanged = ({ value, standard }: Setting) => standard !== undefined && value !== standard;

/** All settings of a run; those of the training that are not the defaults stand out. */
export function settingsSection(run: RunRecord): string {
  const settings = trainingSettings(run);
  const changed = settings.filter(isChanged).length;
  const note =
    changed === 0
      ? 'All training settings are the defaults.'
      : `${changed} of ${settings.length} training settings ${changed === 1 ? 'differs' : 'differ'} from the ${changed === 1 ? 'default' : 'defaults'}: in bold, with the default after it.`;
  return `<section>
<h2>Settings</h2>
<p class="note">${note}</p>
<h3>Training</h3>
<dl class="settings">${settings.map(item).join('')}</dl>
<h3>Data and model</h3>
<dl class="settings">${modelSettings(run).map(item).join('')}</dl>
</section>`;
}

function item(setting: Setting): string {
  const { name, value, standard } = setting;
  const usual = isChanged(setting) ? ` <small>default ${escapeHtml(standard ?? '')}</small>` : '';
  return `<div${isChanged(setting) ? ' class="changed"' : ''}><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}${usual}</dd></div>`;
}

/** The settings that are not the same in all runs, with the value in each; `–` where a run doesn't know the setting. */
export function differingSettings(
  runs: readonly RunRecord[],
): { readonly name: string; readonly values: readonly string[] }[] {
  const each = runs.map(
    (run) =>
      new Map([...modelSettings(run), ...trainingSettings(run)].map(({ name, value }) => [name, value])),
  );
  const names = new Set(each.flatMap((settings) => [...settings.keys()]));
  return [...names]
    .map((name) => ({ name, values: each.map((settings) => settings.get(name) ?? '–') }))
    .filter(({ values }) => new Set(values).size > 1);
}
