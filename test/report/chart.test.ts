import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineChart, type Series } from '../../src/report/chart.ts';

const OPTIONS = { title: 'Loss', unit: 'nats a word', xLabel: 'epoch' };

const chart = (points: Series['points'], options = {}) =>
  lineChart([{ name: 'validation', points }], { ...OPTIONS, ...options });

/** The numbers of an attribute, in the order of the elements. */
const numbers = (svg: string, element: string, attribute: string) =>
  [...svg.matchAll(new RegExp(`<${element} [^>]*\\b${attribute}="([^"]*)"`, 'g'))].map(([, value]) =>
    Number(value),
  );

const tickTexts = (svg: string) =>
  [...svg.matchAll(/<text [^>]*text-anchor="end">([^<]*)</g)].map(([, text]) => text);

test('smaller values are lower, later ones further right, and each has a dot', () => {
  const svg = chart([
    [1, 3],
    [2, 2.5],
    [3, 2.7],
  ]);
  const [x1, x2, x3] = numbers(svg, 'circle', 'cx');
  const [y1, y2, y3] = numbers(svg, 'circle', 'cy');
  expect(x2! - x1!).toBeCloseTo(x3! - x2!, 0);
  expect(x1).toBeLessThan(x2!);
  expect(y1).toBeLessThan(y3!);
  expect(y3).toBeLessThan(y2!);
  expect(svg).toContain('<title>epoch 2\nvalidation: 2.5</title>');
  expect(svg).toContain('<b>Loss</b> <span>nats a word</span>');
});

test('a logarithmic axis puts powers of ten equally far apart and leaves out 0', () => {
  const svg = chart(
    [
      [1, 0.1],
      [2, 1],
      [3, 10],
      [4, 0],
    ],
    { log: true },
  );
  const [y1, y2, y3, none] = numbers(svg, 'circle', 'cy');
  expect(y1! - y2!).toBeCloseTo(y2! - y3!, 0);
  expect(none).toBeUndefined();
  expect(tickTexts(svg)).toEqual(expect.arrayContaining(['0.1', '1', '10']));
});

test('a gap in the values is a gap in the line', () => {
  const svg = chart([
    [1, 3],
    [2, 2],
    [3, Number.NaN],
    [4, 2],
    [5, 1],
  ]);
  expect(/ d="([^"]*)"/.exec(svg)?.[1]?.match(/M/g)).toHaveLength(2);
});

test('one value is a dot in the middle, no values are said to be none', () => {
  const one = chart([[1, 2.5]]);
  expect(numbers(one, 'circle', 'cy')[0]).toBeGreaterThan(80);
  expect(numbers(one, 'circle', 'cy')[0]).toBeLessThan(160);
  expect(tickTexts(one)).toContain('2.5');
  for (const none of [chart([]), lineChart([], OPTIONS), chart([[1, Number.NaN]])]) {
    expect(none).toContain('no values yet');
    expect(none).not.toContain('<circle');
  }
});

test('the few largest values may run off the top', () => {
  const points = Array.from({ length: 60 }, (_, i): [number, number] => [i / 5, i === 0 ? 9 : 3 - i / 60]);
  const highest = (svg: string) => Math.max(...tickTexts(svg).map(Number).filter(Number.isFinite));
  expect(highest(chart(points))).toBeGreaterThanOrEqual(8);
  expect(highest(chart(points, { clipTop: true }))).toBeLessThan(4);
});

test('several lines have a legend, a colour each and one tooltip for all', () => {
  const svg = lineChart(
    [
      {
        name: 'a',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
      {
        name: 'b',
        points: [
          [1, 3],
          [2, 4],
          [3, 5],
        ],
        ring: 3,
      },
      { name: 'c', points: [], inLegend: true },
    ],
    OPTIONS,
  );
  expect(svg).toMatch(/<ul><li><i class="marked c0"><\/i>a<\/li><li><i class="marked c1"><\/i>b<\/li><\/ul>/);
  expect(svg).toContain('<title>epoch 2\na: 2\nb: 4</title>');
  expect(svg).toContain('<title>epoch 3\nb: 5</title>');
  expect(svg.match(/class="ring"/g)).toHaveLength(1);
});

test('a thousand points have some sixty tooltips, from the first to the last', () => {
  const svg = chart(Array.from({ length: 1000 }, (_, i) => [i, i % 7]));
  const tooltips = [...svg.matchAll(/<title>epoch ([\d,]+)\n/g)].map(([, x]) => x);
  expect(tooltips).toHaveLength(60);
  expect(tooltips[0]).toBe('0');
  expect(tooltips.at(-1)).toBe('999');
});

test('names are text, whatever they hold', () => {
  const hostile = '</title></svg><img src=x onerror="alert(1)">';
  const points: Series['points'] = [[1, 2]];
  const svg = lineChart(
    [
      { name: hostile, points },
      { name: 'b', points },
    ],
    { title: hostile, unit: hostile, xLabel: hostile, marks: [{ x: 1, label: hostile }] },
  );
  expect(svg).not.toContain('<img');
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
});

test('no numbers make a drawing that is not one', () => {
  const value = fc.oneof(
    fc.double(),
    fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, Number.NaN, Infinity),
    fc.integer(),
  );
  const points = fc.array(fc.tuple(value, value), { maxLength: 30 });
  fc.assert(
    fc.property(points, fc.boolean(), fc.boolean(), fc.boolean(), (points, log, clipTop, fromZero) => {
      const svg = lineChart([{ name: 'a', points, ring: points[0]?.[0] }], {
        ...OPTIONS,
        log,
        clipTop,
        fromZero,
      });
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      for (const y of numbers(svg, 'circle', 'cy')) expect(Math.abs(y)).toBeLessThan(1000);
      for (const x of numbers(svg, 'line', 'x1')) expect(Math.abs(x - 240)).toBeLessThanOrEqual(240);
    }),
  );
});
