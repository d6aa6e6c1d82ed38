import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RecordQueue } from '../../../src/captioning/writers/record-queue.ts';

const later = async (text: string, ms: number) => {
  await setTimeout(ms);
  return text;
};

test('records are written in the order of the calls, those that wait together', async () => {
  const batches: string[][] = [];
  const queue = new RecordQueue(async (records) => {
    await setTimeout(20);
    batches.push(records);
  });
  const done: string[] = [];
  const adds = [later('a', 5), 'b', later('c', 1)].map(async (record, i) => {
    await queue.add(record);
    done.push('abc'[i]!);
  });
  await Promise.all(adds);
  expect(batches.flat()).toEqual(['a', 'b', 'c']);
  expect(batches).toHaveLength(2);
  expect(done).toEqual(['a', 'b', 'c']);
  await queue.add('d');
  expect(batches.at(-1)).toEqual(['d']);
});

test('after a failure nothing more is written, and everybody who waits is told', async () => {
  const written: string[] = [];
  const queue = new RecordQueue(async (records) => {
    if (records.includes('bad')) throw new Error('disk full');
    written.push(...records);
  });
  const results = await Promise.allSettled(['a', 'bad', 'c'].map((record) => queue.add(record)));
  await queue.idle();
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  for (const record of ['d', 'e']) await expect(queue.add(record)).rejects.toThrow('disk full');
  expect(written).toEqual(['a']);
});

test('a record that cannot be made fails like one that cannot be written', async () => {
  const written: string[] = [];
  const queue = new RecordQueue(async (records) => void written.push(...records));
  await expect(queue.add(Promise.reject(new Error('no picture')))).rejects.toThrow('no picture');
  await expect(queue.add('next')).rejects.toThrow('no picture');
  expect(written).toEqual([]);
});
