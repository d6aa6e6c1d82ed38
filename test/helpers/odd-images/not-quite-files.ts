import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { jpeg, looks, type OddImage, type Outcome, refused } from './odd-image.ts';

/** Things with the name of an image that are no files, or that can't be had. */
export async function notQuiteFiles(folder: string): Promise<OddImage[]> {
  const at = (name: string) => join(folder, name);
  const things: OddImage[] = [];
  const odd = (file: string, kind: string, outcome: Outcome) => {
    things.push({ file, kind, outcome });
    return at(file);
  };
  const not = (what: string) => refused(`expected an image file but it ${what}`);

  await symlink('png.jpg', odd('link.jpg', 'link to a file', looks()));
  await symlink(
    'nowhere.jpg',
    odd('dangling.jpg', 'dangling link', not('is a link to a file that does not exist')),
  );
  await symlink(
    'circle.jpg',
    odd('circle.jpg', 'link to itself', refused('cannot read it: too many symbolic links encountered')),
  );
  await symlink(
    '/dev/zero',
    odd('device.jpg', 'link to a device without an end', not('is a pipe or a device')),
  );
  execFileSync('mkfifo', [odd('fifo.jpg', 'FIFO', not('is a pipe or a device'))]);
  await mkdir(odd('directory.jpg', 'directory', not('is a directory')));
  await symlink('directory.jpg', odd('album.jpg', 'link to a directory', not('is a directory')));

  // Its server takes a socket away by the name that it gave it.
  const server = createServer().listen(at('socket'));
  await once(server, 'listening');
  await rename(at('socket'), odd('socket.jpg', 'socket', not('is a socket')));
  server.close();

  const sparse = await open(
    odd(
      'sparse.jpg',
      'file of 600 MB',
      refused('expected an image file of at most 512 MB but it has 600 MB'),
    ),
    'w',
  );
  await sparse.truncate(600 * 2 ** 20);
  await sparse.close();

  if (process.platform === 'linux') {
    // Reading the first page of a process's memory fails like a disk does.
    await symlink(
      '/proc/self/mem',
      odd('disk.jpg', 'file on a broken disk', refused('cannot read it: i/o error')),
    );
    // Other systems don't allow such names.
    const name = Buffer.from('latin-\xe9.jpg', 'latin1');
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), await jpeg());
    odd('latin-\uFFFD.jpg', 'name that is not UTF-8', not('does not exist, or its name is not UTF-8'));
  }
  return things;
}
