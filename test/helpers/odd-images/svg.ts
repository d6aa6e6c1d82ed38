import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DAMAGED, looks, type Made, made, plain, RED, TOO_LARGE, WHITE } from './odd-image.ts';

/** @param folder where they will be: two of them name others there, `png.jpg` and `text.jpg` */
export async function svg(folder: string): Promise<Made[]> {
  const open = '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="32">';
  const url = (name: string) => pathToFileURL(join(folder, name)).href;
  const image = (href: string) => `<image href="${href}" width="48" height="32"/>`;
  const levels = Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
  const bomb = `<!DOCTYPE svg [<!ENTITY e0 "ha">${levels.join('')}]>\n${open}<text>&e10;</text></svg>`;
  const entity = `<!DOCTYPE svg [<!ENTITY x SYSTEM "${url('text.jpg')}">]>\n${open}<text>&x;</text></svg>`;
  return [
    made('a.svg', 'SVG', `${open}<rect width="48" height="32" fill="#f00"/></svg>`, looks(plain(RED))),
    // What it names can't be seen in it.
    made(
      'reference.svg',
      'SVG that names another file',
      `${open}${image('png.jpg')}${image(url('png.jpg'))}</svg>`,
      looks(plain(WHITE)),
    ),
    made('entity.svg', 'SVG that includes another file', entity, DAMAGED),
    made('bomb.svg', 'SVG whose text is 20 GB', bomb, DAMAGED),
    made(
      'huge.svg',
      'SVG of 30,000x30,000',
      '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>',
      TOO_LARGE,
    ),
  ];
}
