import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Path below the folder -> contents, of all files (hidden ones too) that are no photographs. */
export type WrittenFiles = ReadonlyMap<string, string>;

export function writtenFiles(folder: string): WrittenFiles {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.png'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(names.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

/**
 * Calls back at each change in a folder and the folders in it, new ones too: a file that was made, written to or
 * renamed, several times for each.
 *
 * @returns ends it
 */
export function onChanges(folder: string, onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const watchAll = () => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory());
    for (const path of [folder, ...folders.map(({ parentPath, name }) => join(parentPath, name))]) {
      if (watchers.has(path)) continue;
      const watcher = watch(path, () => {
        watchAll();
        onChange();
      });
      watchers.set(path, watcher);
    }
  };
  watchAll();
  return () => {
    for (const watcher of watchers.values()) watcher.close();
  };
}
