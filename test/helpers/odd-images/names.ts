import { JPEG_LOOKS, jpeg, type Made, made } from './odd-image.ts';

const NAMES: Readonly<Record<string, string>> = {
  'with spaces': ' two  spaces .jpg',
  'with a line break': 'line\nbreak.jpg',
  'with a tab': 'ta\tb.jpg',
  'with an escape': 'bell\u0007\u001b[31m.jpg',
  'with a leading dash': '-dash.jpg',
  'like an option': '--help.jpg',
  'with quotes': `it's "quoted".jpg`,
  composed: 'caf\u00e9.jpg',
  decomposed: 'cafe\u0301.jpg',
  'with an emoji': '👩‍👩‍👧.jpg',
  'of 255 bytes': `${'n'.repeat(251)}.jpg`,
  'with a per cent sign': '100%41.jpg',
  'with a number sign': '#1?.jpg',
  'with a backslash': 'back\\slash.jpg',
  'like a pattern': 'a[1].jpg',
  'like another pattern': '{a,b}*.jpg',
  'like a variable': '$HOME `id` $&.jpg',
  'with two extensions': 'photo.png.jpeg',
};

export async function oddNames(): Promise<Made[]> {
  const bytes = await jpeg();
  return Object.entries(NAMES).map(([how, file]) => made(file, `name ${how}`, bytes, JPEG_LOOKS));
}
